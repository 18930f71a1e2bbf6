"""What is shipped for Docker, as far as it can be judged without Docker."""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

from mentions.settings import Environment
from tests.production import compose
from tests.production.image import REPO, steps

BIN = Path(sys.executable).parent
FILES = ("docker-compose.yml", "deploy/cluster.yml")
ONE_SHOT = {"certificates", "init", "airflow-init"}
OURS = {*ONE_SHOT, "respond", "airflow-apiserver", "airflow-scheduler", "airflow-dag-processor"}
SERVICES: dict[str, Any] = compose.read(compose.CLUSTER)["services"]
EXAMPLE = (REPO / ".env.example").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FILES)
def test_compose_files_keep_to_the_specification(file: str) -> None:
    schema = ["--builtin-schema", "vendor.compose-spec"]
    check = [str(BIN / "check-jsonschema"), *schema, str(REPO / file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_has_nothing_that_a_linter_knows_better() -> None:
    lint = [BIN / "hadolint", REPO / "Dockerfile"]
    done = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_copies_only_what_is_there() -> None:
    for step in steps((REPO / "Dockerfile").read_text(encoding="utf-8")):
        if step.word == "COPY" and not step.from_stage:
            assert all(list(REPO.glob(source)) for source in step.text.split()[:-1]), step


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_kept_within_bounds(name: str) -> None:
    service = SERVICES[name]
    assert service["mem_limit"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].partition(":")[0]) > 0
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")
    assert name in ONE_SHOT or service["healthcheck"]["test"]
    assert service["logging"]["options"]["max-size"]
    if name in OURS | {"airflow-worker", "postgres", "redis"}:
        assert service["read_only"] is True


def test_only_kibana_and_airflow_are_published_and_only_on_loopback() -> None:
    published = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}
    assert set(published) == {"kibana", "airflow-apiserver"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_database_store_and_broker_have_no_way_out() -> None:
    assert compose.read()["networks"]["inside"]["internal"] is True
    for name in ("postgres", "redis", "elasticsearch", "init", "certificates"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_every_image_has_an_exact_tag_that_a_variable_can_replace() -> None:
    for service in SERVICES.values():
        image, tag = re.findall(r"\$\{\w+:-([^}]+)\}", service["image"])
        assert image
        assert re.match(r"\d+\.\d+(\.\d+)?", tag)


def test_every_variable_is_in_the_example_and_no_secret_has_a_value() -> None:
    listed = dict(re.findall(r"(?m)^#?([A-Z_]+)=(.*)$", EXAMPLE))
    read = compose.variables(compose.CLUSTER)
    assert set(read) <= set(listed)
    for name, how in read.items():
        if re.search(r"PASSWORD|SECRET|TOKEN|KEY", name):
            assert how == {":?"}, f"{name} must have no default"
            assert not listed[name]


def test_a_missing_secret_says_how_to_make_it() -> None:
    for name, how in compose.variables().items():
        if how == {":?"}:
            with pytest.raises(compose.MissingVariableError, match=r"openssl|choose|token of your"):
                compose.fill(_use_of(name), {})


def _use_of(name: str) -> str:
    text = (REPO / "docker-compose.yml").read_text(encoding="utf-8")
    return str(re.findall(rf"\${{{name}:\?[^}}]*}}", text)[0])


def test_what_compose_sets_is_what_molva_reads() -> None:
    known = {f"MOLVA_{name.upper()}" for name in Environment.model_fields} | {"MOLVA_LOG"}
    given = set(SERVICES["respond"]["environment"])
    assert {name.removesuffix("_FILE") for name in given} <= known


def test_the_entry_point_reads_secrets_from_files(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("it's $HOME `x`\n")
    shown = entry({"MOLVA_X_FILE": str(secret)}, "sh", "-c", 'printf %s "$MOLVA_X"')
    assert (shown.returncode, shown.stdout) == (0, "it's $HOME `x`")


def test_the_entry_point_names_a_file_that_is_missing() -> None:
    refused = entry({"MOLVA_X_FILE": "/nowhere"}, "true")
    assert refused.returncode == 2
    assert "/nowhere" in refused.stderr
    assert "run --rm init" in refused.stderr


def entry(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [REPO / "deploy/entrypoint", *command],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def certificates(folder: Path, *words: str) -> str:
    program = [sys.executable, str(REPO / "deploy/certificates.py")]
    folders = ["--authority", str(folder / "authority"), "--out", str(folder / "out")]
    done = subprocess.run([*program, *folders, *words], capture_output=True, text=True, check=True)
    return done.stdout


def test_certificates_are_made_once_and_hold(tmp_path: Path) -> None:
    assert "made" in certificates(tmp_path, "elasticsearch")
    out = tmp_path / "out"
    before = (out / "elasticsearch.crt").read_bytes()
    assert "kept" in certificates(tmp_path, "elasticsearch")
    assert (out / "elasticsearch.crt").read_bytes() == before
    assert handshake(out, "elasticsearch") == handshake(out, "localhost") == "well"
    assert "Hostname mismatch" in handshake(out, "other.example.org")
    assert not (out / "ca.key").exists()
    assert (out / "elasticsearch.key").stat().st_mode & 0o777 == 0o640


def test_a_certificate_that_is_about_to_expire_is_renewed_by_the_same_authority(
    tmp_path: Path,
) -> None:
    certificates(tmp_path, "--server-days", "0", "elasticsearch")
    authority = (tmp_path / "out/ca.crt").read_bytes()
    assert "expired" in handshake(tmp_path / "out", "elasticsearch")
    assert "made" in certificates(tmp_path, "elasticsearch")
    assert handshake(tmp_path / "out", "elasticsearch") == "well"
    assert (tmp_path / "out/ca.crt").read_bytes() == authority


def handshake(out: Path, name: str) -> str:
    """What a client that trusts the authority says of the server's certificate."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(out / "elasticsearch.crt", out / "elasticsearch.key")
    asking = ssl.create_default_context(cafile=out / "ca.crt")
    pipes = [ssl.MemoryBIO() for _ in range(2)]
    server = serving.wrap_bio(pipes[0], pipes[1], server_side=True)
    client = asking.wrap_bio(pipes[1], pipes[0], server_hostname=name)
    try:
        for _ in range(5):
            for side in (client, server):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    return "well"


def test_another_authority_is_not_ours(tmp_path: Path) -> None:
    certificates(tmp_path, "elasticsearch")
    trustme.CA().cert_pem.write_to_path(tmp_path / "out/ca.crt")
    assert handshake(tmp_path / "out", "elasticsearch") != "well"
