from __future__ import annotations

import pytest

from .checkpoints import write_checkpoint

torch = pytest.importorskip("torch")


def test_a_decoder_is_read_at_its_last_token_however_it_is_padded(tmp_path) -> None:  # type: ignore[no-untyped-def]
    import transformers

    from headgate.export.graphs import LastToken

    folder = write_checkpoint("gemma2", tmp_path)
    model = transformers.Gemma2ForCausalLM.from_pretrained(folder, dtype="float32", attn_implementation="eager").eval()
    network = LastToken(model, ids=(5, 7)).eval()
    row = torch.tensor([[1, 8, 9, 10]])
    padded = torch.tensor([[1, 8, 9, 10, 0, 0, 0]])
    with torch.inference_mode():
        wanted = model(input_ids=row).logits[:, -1, [5, 7]]
        alone = network(row, torch.ones_like(row))
        found = network(padded, (padded > 0).long())
    torch.testing.assert_close(alone, wanted, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def test_a_classifier_is_fed_in_the_order_of_its_names() -> None:
    from headgate.export.graphs import Classification

    class Model(torch.nn.Module):
        def forward(self, *, a, b):  # type: ignore[no-untyped-def]
            return type("Out", (), {"logits": a - b})

    assert Classification(Model(), ["b", "a"])(torch.tensor(1), torch.tensor(5)).item() == 4
