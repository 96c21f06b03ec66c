"""Every span, attribute, event and metric name that leaves Headgate, in one place.

Guardrail names follow the OpenTelemetry draft (semantic-conventions-genai, pull request 427, Development: its names
have changed once), others the GenAI conventions and OpenInference. None of them carries content unless it is switched
on.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from ..policies.verdict import Action

SERVICE: Final = "headgate"

# Spans and their attributes: OpenTelemetry GenAI.
OPERATION: Final = "gen_ai.operation.name"
CHAT: Final = "chat"
RUN_GUARDRAIL: Final = "run_guardrail"
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"

# The guardrail draft.
COMPONENT: Final = "gen_ai.guardrail.component.name"
TARGET: Final = "gen_ai.guardrail.target.type"
TARGET_ID: Final = "gen_ai.guardrail.target.id"
TARGET_SUBTYPE: Final = "gen_ai.guardrail.target.subtype"
VERDICT: Final = "gen_ai.guardrail.verdict.type"
VERDICT_REASON: Final = "gen_ai.guardrail.verdict.reason"
VERDICT_CODE: Final = "gen_ai.guardrail.verdict.code"
ACTION: Final = "gen_ai.guardrail.action.type"
POLICY_ID: Final = "gen_ai.guardrail.security.policy.id"
RULE_ID: Final = "gen_ai.guardrail.security.policy.rule.id"
RISK_CATEGORY: Final = "gen_ai.guardrail.security.risk.category"
RISK_SCORE: Final = "gen_ai.guardrail.security.risk.score"
MODIFIED: Final = "gen_ai.guardrail.security.content.modified"
FINDING_EVENT: Final = "gen_ai.guardrail.security.finding"

# What readers of Traceloop and Arize look for.
GUARDRAIL_NAME: Final = "gen_ai.guardrail.name"
GUARDRAIL_STATUS: Final = "gen_ai.guardrail.status"
SPAN_KIND: Final = "openinference.span.kind"
INPUT_VALUE: Final = "input.value"
OUTPUT_VALUE: Final = "output.value"

# Our own.
ID: Final = "headgate.id"
DELIVERY: Final = "headgate.delivery"
ROUNDS: Final = "headgate.rounds"
ROUND: Final = "headgate.round"
STRATEGY: Final = "headgate.strategy"
JUDGED: Final = "headgate.parts.judged"
UNJUDGED: Final = "headgate.parts.unjudged"
SEVERITY: Final = "headgate.severity"
MODE: Final = "headgate.mode"
MODELS: Final = "headgate.models"
AUDIT_EVENT: Final = "headgate.audit.record"

# HTTP.
METHOD: Final = "http.request.method"
ROUTE: Final = "http.route"
STATUS: Final = "http.response.status_code"
ERROR_TYPE: Final = "error.type"

VerdictType: TypeAlias = Literal["allow", "deny", "modify", "warn", "escalate"]
ActionType: TypeAlias = Literal["allow", "audit", "block", "escalate", "modify"]

VERDICTS: Final[dict[Action, VerdictType]] = {
    Action.ALLOW: "allow",
    Action.FLAG: "warn",
    Action.GUIDELINE: "modify",
    Action.REDACT: "modify",
    Action.CORRECT: "deny",
    Action.REGENERATE: "deny",
    Action.SUPPORT: "deny",
    Action.REFUSE: "deny",
}
"""What an action says about what was judged, in the draft's words."""

ACTIONS: Final[dict[Action, ActionType]] = {
    Action.ALLOW: "allow",
    Action.FLAG: "audit",
    Action.GUIDELINE: "modify",
    Action.REDACT: "modify",
    Action.CORRECT: "modify",
    Action.REGENERATE: "modify",
    Action.SUPPORT: "block",
    Action.REFUSE: "block",
}
"""What an action does to the exchange, in the draft's words."""


def action_type(action: Action, *, enforces: bool) -> ActionType:
    """What was done; in monitor mode nothing but taking note."""
    found = ACTIONS[action]
    return found if enforces or found == "allow" else "audit"


# Prometheus. Labels are bounded; none is a tenant, a user or content.
REQUESTS_TOTAL: Final = "headgate_requests_total"
GUARDRAIL_TOTAL: Final = "headgate_guardrail_requests_total"
GUARD_SECONDS: Final = "headgate_guard_latency_seconds"
UPSTREAM_SECONDS: Final = "headgate_upstream_latency_seconds"
BLOCKS_TOTAL: Final = "headgate_blocks_total"
ROUNDS_DRAWN: Final = "headgate_rounds"
REGENERATED_TOTAL: Final = "headgate_regenerated_total"
JUDGED_TOTAL: Final = "headgate_judged_parts_total"
UNJUDGED_TOTAL: Final = "headgate_unjudged_parts_total"
HELD_CHARACTERS: Final = "headgate_held_characters"
UPSTREAM_ERRORS_TOTAL: Final = "headgate_upstream_errors_total"
UPSTREAM_ANSWERS_TOTAL: Final = "headgate_upstream_answers_total"
UPSTREAM_RETRIES_TOTAL: Final = "headgate_upstream_retries_total"
UPSTREAM_FALLBACKS_TOTAL: Final = "headgate_upstream_fallbacks_total"
UPSTREAM_BREAKER_OPEN: Final = "headgate_upstream_breaker_open"
ACTIVE_REQUESTS: Final = "headgate_active_requests"
CONNECTIONS: Final = "headgate_connections"
REFUSED_CONNECTIONS_TOTAL: Final = "headgate_refused_connections_total"
POLICY_INFO: Final = "headgate_policy_info"
POLICY_LOADED: Final = "headgate_policy_loaded_timestamp_seconds"
RELOADS_TOTAL: Final = "headgate_policy_reloads_total"
RELOAD_FAILED: Final = "headgate_policy_reload_failed"
RESTART_PENDING: Final = "headgate_restart_pending_settings"
AUDIT_RECORDS: Final = "headgate_audit_records_total"
AUDIT_LOST: Final = "headgate_audit_records_lost_total"
MEMO_TOTAL: Final = "headgate_memo_lookups_total"
QUEUE_WAITING: Final = "headgate_queue_waiting"
BATCHES_TOTAL: Final = "headgate_batches_total"
BATCHED_REQUESTS_TOTAL: Final = "headgate_batched_requests_total"
BATCH_PARTS: Final = "headgate_batch_parts"
QUEUE_SECONDS: Final = "headgate_queue_wait_seconds"
LATE_TOTAL: Final = "headgate_late_requests_total"
DEGRADED_TOTAL: Final = "headgate_degraded_parts_total"
SHED_TOTAL: Final = "headgate_shed_requests_total"
DENIED_TOTAL: Final = "headgate_denied_total"
STRIKES_TOTAL: Final = "headgate_strikes_total"
UNMETERED_TOTAL: Final = "headgate_unmetered_total"
STORE_UP: Final = "headgate_store_up"
STORE_OWED: Final = "headgate_store_owed_keys"
STORE_FAILURES_TOTAL: Final = "headgate_store_failures_total"
STORE_OUTAGES_TOTAL: Final = "headgate_store_outages_total"
STORE_MERGED_TOTAL: Final = "headgate_store_merged_keys_total"
