from pathlib import Path

import pytest

from config.reading import ConfigurationError, load

PBX = '[[pbx]]\nname = "main"\nusername = "switchroom"\nsecret = "s"\n'


def settings_of(folder: Path, text: str, **environment: str):  # noqa: ANN201
    file = folder / "switchroom.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, environment)


def faults_of(folder: Path, text: str, **environment: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        settings_of(folder, text, **environment)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_an_empty_file_gives_the_documented_defaults(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "")
    assert (settings.language, settings.country, settings.web.port, settings.live.port) == ("ru", "RU", 8080, 8081)
    assert settings.data_dir == tmp_path / "var"


def test_the_example_shipped_with_the_product_is_valid() -> None:
    assert load(Path("config/switchroom.example.toml"), {}).pbx[0].name == "main"


def test_a_missing_file_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no such file; copy config/switchroom\.example\.toml"):
        load(tmp_path / "none.toml", {})


def test_a_broken_file_names_the_line(tmp_path: Path) -> None:
    assert faults_of(tmp_path, 'language = "ru"\nport = eighty\n') == [
        "switchroom.toml: not TOML: Invalid value (at line 2, column 8)"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('language = "fr"\n', "switchroom.toml:1: language: must be one of 'ru' or 'en'"),
        ("\n[web]\nprot = 80\n", "switchroom.toml:3: web.prot: unknown key; allowed here: host, port, public_url"),
        ("[live]\nport = 0\n", "switchroom.toml:2: live.port: Input should be greater than or equal to 1"),
        ('[[pbx]]\nname = "main"\nsecret = "s"\n', "switchroom.toml:1: pbx.1.username: is missing"),
        ('time_zone = "Moscow"\n', "switchroom.toml:1: time_zone: not a time zone; use a name such as"),
        ('country = "XX"\n', "switchroom.toml:1: country: not a country; use its two letters"),
        (PBX + 'phone = "PJSIP/100"\n', "switchroom.toml:5: pbx.1.phone: must contain {extension}"),
        (PBX + 'trunks = "PJSIP/a"\n', "switchroom.toml:5: pbx.1.trunks: must be a list, such as"),
        (PBX.replace('"s"', '"s\\r\\nAction: x"'), "switchroom.toml:4: pbx.1.secret: must be one line"),
        ('[[sms]]\nname = "a"\nkind = "fax"\n', "switchroom.toml:3: sms.1.kind: must be one of"),
    ],
)
def test_a_wrong_key_names_file_line_key_and_what_is_allowed(tmp_path: Path, text: str, fault: str) -> None:
    assert faults_of(tmp_path, text)[0].startswith(fault)


def test_every_fault_is_listed_at_once(tmp_path: Path) -> None:
    assert len(faults_of(tmp_path, 'language = "fr"\ncountry = "Russia"\n[web]\nport = "x"\n')) == 3


def test_the_second_entry_of_a_list_is_found_by_its_line(tmp_path: Path) -> None:
    text = PBX + '[[pbx]]\nname = "branch"\nusername = "u"\nsecret = "s"\nport = "x"\n'
    assert faults_of(tmp_path, text)[0].startswith("switchroom.toml:9: pbx.2.port")


def test_two_pbxs_of_one_name_are_refused(tmp_path: Path) -> None:
    assert faults_of(tmp_path, PBX + PBX) == ["switchroom.toml:6: pbx.name: main is used twice; names must differ"]


def test_the_environment_overrides_any_key(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        PBX,
        SWITCHROOM_WEB__PORT="9090",
        SWITCHROOM_PBX__MAIN__SECRET="other",
        SWITCHROOM_PBX__MAIN__TRUNKS="PJSIP/a*, PJSIP/b*",
        SWITCHROOM_DATA_DIR="elsewhere",
    )
    assert settings.web.port == 9090
    assert settings.pbx[0].secret.get_secret_value() == "other"
    assert settings.pbx[0].trunks == ("PJSIP/a*", "PJSIP/b*")
    assert settings.data_dir == tmp_path / "elsewhere"


def test_a_wrong_override_names_its_variable(tmp_path: Path) -> None:
    assert faults_of(tmp_path, PBX, SWITCHROOM_WEB__PORT="high")[0].startswith(
        "SWITCHROOM_WEB__PORT: must be a whole number"
    )
    assert faults_of(tmp_path, PBX, SWITCHROOM_PBX__BRANCH__SECRET="x") == [
        "SWITCHROOM_PBX__BRANCH__SECRET: no entry is named branch; there are: main"
    ]


def test_a_secret_may_stay_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ami.secret").write_text("hidden\n")
    text = PBX.replace('secret = "s"', 'secret = { file = "ami.secret" }')
    assert settings_of(tmp_path, text).pbx[0].secret.get_secret_value() == "hidden"
    assert "cannot read" in faults_of(tmp_path, text.replace("ami.secret", "gone"))[0]


def test_secrets_are_not_shown_when_settings_are_printed(tmp_path: Path) -> None:
    assert '"s"' not in repr(settings_of(tmp_path, PBX))
