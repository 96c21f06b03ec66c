"""Windows of a text with its special tokens, cut where the whole text's own tokens are."""

from __future__ import annotations

from tokenizers import Tokenizer

from ..encoding import window_starts


class Windows:
    """Rows of at most `length` token ids that overlap by a quarter; what stands around the text is in each of them."""

    def __init__(self, tokenizer: Tokenizer, *, length: int) -> None:
        self._tokenizer = tokenizer
        self._length = length
        probe = tokenizer.encode("a")
        ones = probe.special_tokens_mask
        first = ones.index(0) if 0 in ones else 0
        last = len(ones) - ones[::-1].index(0) if 0 in ones else len(ones)
        self._head, self._tail = probe.ids[:first], probe.ids[last:]

    def of(self, before: str, text: str, after: str) -> list[list[int]] | None:
        """At least one row; None where what stands around the text leaves it no room."""
        encoding = self._tokenizer.encode(before + text + after, add_special_tokens=False)
        ids, offsets = encoding.ids, encoding.offsets
        room = self._length - len(self._head) - len(self._tail)
        if len(ids) <= room:
            return [self._head + ids + self._tail]
        ends = len(before) + len(text)
        start = next((place for place, (_, end) in enumerate(offsets) if end > len(before)), len(ids))
        stop = next((place for place, (begin, end) in enumerate(offsets) if begin >= ends and end > begin), len(ids))
        room -= start + len(ids) - stop
        if room < 8:
            return None
        head, tail = self._head + ids[:start], ids[stop:] + self._tail
        middle = ids[start:stop]
        return [head + middle[at : at + room] + tail for at in window_starts(len(middle), room, room // 4)]
