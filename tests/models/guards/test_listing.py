from headgate.models.guards.catalogue import MODULES
from headgate.models.guards.listing import available


def test_every_guard_is_listed_with_what_it_needs():
    found = {guard.name: guard for guard in available()}
    assert found.keys() == MODULES.keys()
    assert found["llama-guard-3-8b"].needs == ("url, model", "path (exported)")
    assert found["toxic-bert"].needs == ("path (exported)",)
    assert found["wildguard"].covers == ()
    assert "violence" in found["llama-guard-4"].covers
