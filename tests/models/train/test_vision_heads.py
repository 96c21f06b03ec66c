import pytest

torch = pytest.importorskip("torch")

from headgate.models.train.vision_heads import ImageHead, Ordinal, TemporalHead, loss  # noqa: E402


def test_an_image_s_logits_are_unsafe_labels_and_severity_that_never_rises():
    torch.manual_seed(1)
    head = ImageHead(width=8, labels=5, hidden=16).eval()
    found = head(torch.randn(3, 1, 8), torch.randn(3, 8))
    assert found.shape == (3, 1 + 5 + 3)
    assert (found[:, -3:-1] >= found[:, -2:]).all()


def test_cuts_never_fall_whatever_training_does_to_them():
    torch.manual_seed(1)
    severity = Ordinal(4)
    with torch.no_grad():
        severity.cuts.copy_(torch.tensor([2.0, -5.0, -9.0]))
    found = severity(torch.randn(6, 4))
    assert (found[:, :-1] >= found[:, 1:]).all()


def test_a_video_is_judged_by_its_frames_their_order_and_its_prompt():
    torch.manual_seed(1)
    head = TemporalHead(width=8, labels=12, frames=4, hidden=16, layers=2, heads=2).eval()
    frames, prompt = torch.randn(1, 4, 8), torch.randn(1, 8)
    found = head(frames, prompt)
    assert found.shape == (1, 13)
    assert not torch.allclose(found, head(frames.flip(1), prompt))
    assert not torch.allclose(found, head(frames, -prompt))


def test_calling_the_severe_minor_costs_more_than_the_right_grade_and_unknown_costs_nothing():
    labels, unsafe = torch.zeros(1, 2), torch.ones(1)
    severe = torch.tensor([[0.0, 0, 0, 3, 3, 3]])
    minor = torch.tensor([[0.0, 0, 0, 3, -3, -3]])
    cost = {
        name: loss(logits, unsafe=unsafe, labels=labels, severity=torch.tensor([3])).item()
        for name, logits in (("severe", severe), ("minor", minor))
    }
    assert cost["minor"] > cost["severe"]
    unknown = loss(minor, unsafe=unsafe, labels=labels, severity=torch.tensor([-1]))
    assert unknown.item() == loss(minor, unsafe=unsafe, labels=labels).item()
