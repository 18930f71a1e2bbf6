"""What is shipped for Docker, as far as it can be judged without Docker."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import trustme

from mentions.settings import Environment
from molva import surroundings
from molva.commands import respond
from molva.metrics import serving
from molva.ports import HOST, free_ports
from tests.factories import settings
from tests.production import compose
from tests.production.foreign import redis_command
from tests.production.image import REPO, steps

BIN = Path(sys.executable).parent
ELSEWHERE = ("deploy/private.yml", "deploy/worker.yml")
FILES = ("docker-compose.yml", "deploy/cluster.yml", *ELSEWHERE)
ONE_SHOT = {"certificates", "init", "airflow-init"}
OURS = {*ONE_SHOT, "respond", "airflow-apiserver", "airflow-scheduler", "airflow-dag-processor"}
SERVICES: dict[str, Any] = compose.read(compose.CLUSTER)["services"]
EXAMPLE = (REPO / ".env.example").read_text(encoding="utf-8")
GUIDE = (REPO / "docs/operations.md").read_text(encoding="utf-8")


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


@pytest.mark.parametrize("file", ELSEWHERE)
def test_another_host_is_served_on_a_private_address_only(file: str) -> None:
    services = compose.read((REPO / file,))["services"].values()
    published = [port for each in services for port in each.get("ports", ())]
    assert published
    assert all(re.match(r"\$\{(PRIVATE|WORKER)_ADDRESS:\?", port) for port in published)


def test_database_store_and_broker_have_no_way_out() -> None:
    assert compose.read()["networks"]["inside"]["internal"] is True
    for name in ("postgres", "redis", "elasticsearch", "init", "certificates"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_every_image_has_an_exact_tag_that_a_variable_can_replace() -> None:
    for service in SERVICES.values():
        image, tag = re.findall(r"\$\{\w+:-([^}]+)\}", service["image"])
        assert image
        assert re.match(r"\d+\.\d+(\.\d+)?", tag)


def test_a_digest_of_one_image_is_not_asked_of_another() -> None:
    names = {tuple(re.findall(r"\$\{(\w+)", each["image"])) for each in SERVICES.values()}
    images, tags = zip(*names, strict=True)
    assert len(set(images)) == len(set(tags)) == len(names)


def test_every_variable_is_in_the_example_and_no_secret_has_a_value() -> None:
    listed = dict(re.findall(r"(?m)^#?([A-Z_]+)=(.*)$", EXAMPLE))
    read = compose.variables(tuple(REPO / file for file in FILES))
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
    patience = {str(option.envvar) for option in respond.command.params if option.envvar}
    given = {name.removesuffix("_FILE") for name in SERVICES["respond"]["environment"]}
    assert patience <= given <= known | patience


def test_the_guide_asks_the_doctor_where_he_knows_every_part() -> None:
    asked = re.findall(r"docker compose run --rm([^`\n]*) (\S+) molva doctor", GUIDE)
    assert asked
    for flags, name in asked:
        assert "--no-deps" in flags, "or he waits until what is ill is well"
        known = SERVICES[name]["environment"]
        assert {surroundings.DATABASE, surroundings.EXECUTOR, surroundings.BROKER} <= set(known)


def test_the_guide_never_names_a_file_that_the_next_command_would_forget() -> None:
    assert not re.search(r"docker compose (-f|--file)", GUIDE)
    assert re.findall(r"COMPOSE_FILE=docker-compose.yml:(\S+?)`", GUIDE)


def test_every_alarm_is_explained() -> None:
    rules = (REPO / "deploy/prometheus-rules.yml").read_text(encoding="utf-8")
    explained = "".join(re.findall(r"(?m)^\| (Molva[^|]*)\|", GUIDE))
    assert set(re.findall(r"alert: (\w+)", rules)) == set(re.findall(r"\w+", explained))
    assert set(re.findall(r"\bmolva_\w+", rules)) <= set(re.findall(r"\bmolva_\w+", GUIDE))


def answers(url: str) -> int:
    done = subprocess.run([REPO / "deploy/answers", url], capture_output=True, check=False)
    return done.returncode


def test_a_silent_store_does_not_make_the_responder_ill() -> None:
    with socket.create_server((HOST, 0)) as silent:
        store = f"http://{HOST}:{silent.getsockname()[1]}"
        with serving(settings(elasticsearch_url=store, metrics=f"{HOST}:0"), dict) as where:
            assert where
            assert answers(where) == 0


def test_where_nobody_listens_is_ill() -> None:
    assert answers(f"http://{HOST}:{free_ports(1)[0]}/metrics") == 1


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="Redis is not installed")
def test_redis_is_well_and_hears_a_stop(tmp_path: Path) -> None:
    service = compose.fill(SERVICES["redis"], {"REDIS_PASSWORD": "its-own"})
    port = free_ports(1)[0]
    command = redis_command(service["command"], port, tmp_path)
    ping = service["healthcheck"]["test"][1].replace("redis-cli", f"redis-cli -p {port}")
    environment = {"PATH": os.environ["PATH"], **service["environment"]}
    with (tmp_path / "log").open("wb") as log:
        redis = subprocess.Popen(command, env=environment, stdout=log)
    try:
        deadline = time.monotonic() + 10
        while subprocess.run(["sh", "-c", ping], env=environment, check=False).returncode:
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)
        redis.terminate()
        assert redis.wait(timeout=10) == 0
        assert "ready to exit" in (tmp_path / "log").read_text()
    finally:
        redis.kill()


def test_a_first_start_of_postgres_is_not_taken_for_the_server() -> None:
    assert SERVICES["postgres"]["healthcheck"]["test"][2:4] == ["-h", "127.0.0.1"]


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


def test_what_a_lost_authority_signed_is_made_anew(tmp_path: Path) -> None:
    certificates(tmp_path, "elasticsearch")
    shutil.rmtree(tmp_path / "authority")
    assert "made" in certificates(tmp_path, "elasticsearch")
    assert handshake(tmp_path / "out", "elasticsearch") == "well"
    assert "kept" in certificates(tmp_path, "elasticsearch")


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
