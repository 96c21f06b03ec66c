"""Turns a text, or a prompt with its answer, into the token windows that the embedded text model reads.

Training and run time share this module, so that a text is seen in the same way by both; it needs `tokenizers` alone.
"""

from collections.abc import Mapping

import msgspec
from tokenizers import Tokenizer

MARKERS: Mapping[str, int] = {"chat": 1, "pair": 2, "text": 3, "t2i": 4, "t2v": 5}
"""Reserved vocabulary ids that tell the model what it judges."""

WINDOW = 192
OVERLAP = 48
PROMPT_TOKENS = 64
CHARS_A_TOKEN = 8
"""Characters of a window's token at most; a longer text is likely to need another window."""


class Window(msgspec.Struct, frozen=True):
    """One model input: token ids, token types and the characters [start, end) of the judged text that it covers."""

    ids: list[int]
    type_ids: list[int]
    start: int
    end: int


class PairEncoder:
    """Encodes texts as `[CLS] marker prompt [SEP]` or `[CLS] marker prompt [SEP] response [SEP]` in windows."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        markers: Mapping[str, int] = MARKERS,
        window: int = WINDOW,
        overlap: int = OVERLAP,
        prompt_tokens: int = PROMPT_TOKENS,
    ) -> None:
        if window - prompt_tokens - 4 <= overlap:
            raise ValueError(f"window {window} leaves no room beside {prompt_tokens} prompt tokens, overlap {overlap}")
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._markers = dict(markers)
        self._window = window
        self._overlap = overlap
        self._prompt_tokens = prompt_tokens
        self._cls = _special(tokenizer, "[CLS]")
        self._sep = _special(tokenizer, "[SEP]")

    @classmethod
    def from_file(cls, path: str, *, markers: Mapping[str, int] = MARKERS) -> "PairEncoder":
        """Read a `tokenizer.json` and encode with the default window sizes."""
        return cls(Tokenizer.from_file(path), markers=markers)

    def encode(self, prompt: str, response: str | None, marker: str) -> list[Window]:
        """Return at least one window; the judged text is the response, or the prompt where there is none."""
        head = [self._cls, self._markers[marker]]
        if response is None:
            return self._windows(head, prompt, 0)
        head += self._cut(self._ids(prompt))
        head.append(self._sep)
        return self._windows(head, response, 1)

    def _ids(self, text: str) -> list[int]:
        # A sixth cheaper than `encode`: it does not follow where each token stands.
        found: list[int] = self._tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids
        return found

    def _cut(self, ids: list[int]) -> list[int]:
        limit = self._prompt_tokens
        if len(ids) <= limit:
            return ids
        first = limit // 2
        return ids[:first] + ids[first - limit :]

    def _windows(self, head: list[int], text: str, judged_type: int) -> list[Window]:
        room = self._window - len(head) - 1
        head_types = [0] * len(head)
        offsets: list[tuple[int, int]] = []
        ids = self._ids(text) if len(text) <= room * CHARS_A_TOKEN else []
        # Twice, for the few that look short and are not, is less than following every token of all the others.
        if len(ids) > room or len(text) > room * CHARS_A_TOKEN:
            encoding = self._tokenizer.encode(text, add_special_tokens=False)
            ids, offsets = encoding.ids, encoding.offsets
        if len(ids) <= room:
            types = head_types + [judged_type] * (len(ids) + 1)
            return [Window(head + ids + [self._sep], types, 0, len(text))]
        types = head_types + [judged_type] * (room + 1)
        windows = []
        for first in window_starts(len(ids), room, self._overlap):
            last = first + room
            start = 0 if first == 0 else offsets[first][0]
            end = len(text) if last == len(ids) else offsets[last - 1][1]
            windows.append(Window(head + ids[first:last] + [self._sep], types, start, end))
        return windows


def window_starts(length: int, room: int, overlap: int) -> list[int]:
    """First token of each full window over `length` tokens; the last window ends with the last token."""
    if length <= room:
        return [0]
    starts = list(range(0, length - room, room - overlap))
    starts.append(length - room)
    return starts


def _special(tokenizer: Tokenizer, token: str) -> int:
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"the tokenizer has no {token}")
    return int(found)
