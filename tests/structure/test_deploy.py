"""What stands in deploy/ fits the gateway: its settings are sound, its probes and grace periods are real."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from headgate.gateway.settings_file import read_text
from headgate.policies import parse_policy

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
GIVEN = {"HEADGATE_UPSTREAM": "http://vllm:8000/v1", "HEADGATE_REDIS": "redis://redis:6379/0"}


def documents(name: str) -> list[Any]:
    return [document for document in yaml.safe_load_all((DEPLOY / name).read_text("utf-8")) if document is not None]


def settings(text: str) -> dict[str, Any]:
    found = read_text(text, file="headgate.yaml", environment=GIVEN)
    assert found.diagnostics == ()
    return found.values


def kubernetes(kind: str) -> list[Any]:
    every = [document for path in sorted((DEPLOY / "k8s").glob("*.yaml")) for document in documents(f"k8s/{path.name}")]
    return [document for document in every if document["kind"] == kind]


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.yaml")), ids=lambda path: path.name)
def test_every_file_is_yaml_without_tabs_or_double_keys(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "\t" not in text
    assert all(isinstance(document, dict) for document in yaml.safe_load_all(text) if document is not None)


def test_the_image_is_served_with_sound_settings() -> None:
    found = settings((DEPLOY / "headgate.yaml").read_text("utf-8"))
    assert (found["upstream"], found["redis"], found["workers"]) == (*GIVEN.values(), 1)
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert f"EXPOSE {found['port']}" in dockerfile
    assert f":{found['port']}/livez" in dockerfile


def test_compose_gives_streams_their_time_and_every_variable_a_reader() -> None:
    (compose,) = documents("compose.yaml")
    gateway = compose["services"]["headgate"]
    found = settings((DEPLOY / "headgate.yaml").read_text("utf-8"))
    assert int(gateway["stop_grace_period"].removesuffix("s")) > found["drain"] + found["shutdown_timeout"]
    named = set(re.findall(r"\$\{(\w+)", (DEPLOY / "headgate.yaml").read_text("utf-8")))
    elsewhere = {"HEADGATE_HASH_KEY", "OTEL_EXPORTER_OTLP_ENDPOINT"}
    assert set(gateway["environment"]) - elsewhere <= named
    assert set(gateway["depends_on"]) <= set(compose["services"])
    for service in compose["services"].values():
        assert "build" in service or not service["image"].endswith(("latest", service["image"].split(":")[0]))


def test_the_configmap_holds_a_sound_configuration_and_policy() -> None:
    (config,) = kubernetes("ConfigMap")
    assert settings(config["data"]["headgate.yaml"])["policy"] == "policy.yaml"
    assert parse_policy(config["data"]["policy.yaml"]).name == "house"


def test_the_deployment_probes_what_is_served_and_waits_for_streams() -> None:
    (deployment,) = kubernetes("Deployment")
    (config,) = kubernetes("ConfigMap")
    found = settings(config["data"]["headgate.yaml"])
    pod = deployment["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > found["drain"] + found["shutdown_timeout"]
    (container,) = pod["containers"]
    (port,) = container["ports"]
    assert port["containerPort"] == found["port"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert found["drain"] > container["readinessProbe"]["periodSeconds"]
    mounted = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == mounted


def test_labels_and_resources_fit_together() -> None:
    (deployment,) = kubernetes("Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    for kind in ("Service", "PodDisruptionBudget"):
        (one,) = kubernetes(kind)
        selector = one["spec"]["selector"]
        assert selector.get("matchLabels", selector).items() <= labels.items()
    (kustomization,) = kubernetes("Kustomization")
    assert all((DEPLOY / "k8s" / name).is_file() for name in kustomization["resources"])


def test_the_collector_is_where_the_gateway_sends() -> None:
    (collector,) = documents("collector.yaml")
    (compose,) = documents("compose.yaml")
    endpoint = compose["services"]["headgate"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"]
    listens = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    assert endpoint.rsplit(":", 1)[1] == listens.rsplit(":", 1)[1]
    for pipeline in collector["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(collector[kind])
