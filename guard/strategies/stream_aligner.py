"""Corrects one sentence of a stream: Stream Aligner (arXiv 2501.05336), the parts of it that do no I/O.

Unlike the published loop, only sentences that were rejected are rewritten, the separators around them are kept, and
the end of the stream is the end.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from ..effects import Consult

SERVICE: Final = "corrector"
_REPEATED: Final = re.compile(r"##(?:Question|Answer_Prefix|Answer_Last_Sentence|Your_Revision):")
_CORRECTION: Final = re.compile(r"CORRECTION:\s*\[\[(.*?)\]\]", re.DOTALL)
_EOS: Final = re.compile(r"EOS:\s*\[\[\s*(TRUE|FALSE)\s*\]\]", re.I)
_LONGEST_PREFIX: Final = 4000


class Revision(msgspec.Struct, frozen=True):
    """What the corrector made of a sentence; `ends` says that nothing should follow it."""

    text: str
    ends: bool = False


def revision(question: str, *, prefix: str, sentence: str, max_tokens: int = 256) -> Consult:
    """What a stream corrector is asked about a sentence, given the question and the text before it."""
    prompt = (
        f"##Question: {question} | ##Answer_Prefix: {prefix[-_LONGEST_PREFIX:].strip()} "
        f"| ##Answer_Last_Sentence: {sentence.strip()} | ##Your_Revision: "
    )
    return Consult(service=SERVICE, prompt=prompt, max_tokens=max_tokens, stop=("##Question:",))


def revised(sentence: str, said: str | None) -> Revision | None:
    """The corrector's sentence between the separators of the one it replaces.

    None where it could not be asked, said nothing, or changed nothing. Understands a bare sentence and the form
    `CORRECTION: [[…]] EOS: [[TRUE]]` of the published data.
    """
    if said is None:
        return None
    form, eos = _CORRECTION.search(said), _EOS.search(said)
    text = form[1] if form else _EOS.sub("", _bare(said))
    text = text.strip()
    if not text or text.split() == sentence.split():
        return None
    before = sentence[: len(sentence) - len(sentence.lstrip())]
    after = sentence[len(sentence.rstrip()) :]
    return Revision(text=f"{before}{text}{after}", ends=eos is not None and eos[1].upper() == "TRUE")


def may_correct(done: int, *, most: int) -> bool:
    """Whether a stream in which `done` sentences were corrected may have one more; each costs a model's answer."""
    return done < most


def _bare(said: str) -> str:
    """What stands before the template goes on: a weak corrector repeats it."""
    text = said.strip().removeprefix("##Your_Revision:")
    return _REPEATED.split(text, maxsplit=1)[0].rstrip().removesuffix("|")
