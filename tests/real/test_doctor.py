"""The account we ship, on a real Asterisk: enough for everything, and the doctor has nothing to complain of."""

from pathlib import Path

import pytest

from config.settings import Pbx
from telephony.doctor import examine
from tests.real.asterisk import Asterisk

pytestmark = pytest.mark.real
ACCOUNT = Path(__file__).parents[2] / "config/asterisk/manager_custom.conf"
LESS = """
[blind]
secret = change-me
read = agent
write = reporting
"""


class WithOurAccounts(Asterisk):
    """The tests' PBX with the account an administrator copies, and one that may do little."""

    def configure(self) -> None:
        super().configure()
        path = self.home / "etc/manager.conf"
        ours = ACCOUNT.read_text().replace("[switchroom]", "[shipped]")
        path.write_text(path.read_text() + ours + LESS)


def account(asterisk: Asterisk, username: str, secret: str = "change-me", **other: object) -> Pbx:
    plain = {
        "name": "main",
        "host": asterisk.host,
        "port": asterisk.port,
        "username": username,
        "secret": secret,
        "trunks": ["PJSIP/trunk*", "PJSIP/provider*"],
        **other,
    }
    return Pbx.model_validate(plain)


@pytest.mark.parametrize("version", ["22", "16"])
async def test_the_doctor_understands_a_real_pbx(version: str) -> None:
    async def problems(pbx: Pbx) -> list[str]:
        return [str(finding) for finding in await examine(pbx) if finding.grade == "problem"]

    async with WithOurAccounts(version) as asterisk:
        assert await problems(account(asterisk, "shipped")) == []
        [refused] = await problems(account(asterisk, "shipped", secret="wrong"))
        assert "Authentication failed" in refused
        blind = " ".join(await problems(account(asterisk, "blind")))
        assert "lacks the right originate" in blind
        assert "lacks the right agent" in blind
        assert "lacks the right system" in blind
        odd = " ".join(await problems(account(asterisk, "shipped", trunks=["SIP/x"], context="nowhere")))
        assert "SIP/x matches no endpoint" in odd
        assert "no context nowhere" in odd
