"""The Docker files fit the checkout; there is no engine here to run them."""

from __future__ import annotations

import copy
import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
IGNORED = (ROOT / "docker" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))
PINNED = re.compile(r"^[\w./-]+:(\w*\d+\.\d+\.?\d*[\w.-]*|RELEASE\.[\w-]+)$|@sha256:[0-9a-f]{64}$")
NEEDED = {"DATABASE_URL", "REDIS_URL", "LAKE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DJANGO_SETTINGS_MODULE"}


def instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def stages(text: str) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for verb, rest in instructions(text):
        if verb == "FROM":
            current = found.setdefault(rest.split(" AS ")[1], [])
        current.append((verb, rest))
    return found


def dockerfile_complaints(text: str) -> list[str]:
    known, complaints = stages(text), []
    for name, steps in known.items():
        image = steps[0][1].split()[0]
        if image not in known and not PINNED.search(image):
            complaints.append(f"{name}: {image} is not pinned")
        for verb, rest in steps:
            words = [word for word in rest.split() if not word.startswith("--")]
            if verb == "COPY" and "--from=" not in rest:
                complaints += [
                    f"{source} does not exist" for source in words[:-1] if not (ROOT / source).exists()
                ]
    for target in ("web", "ml"):
        verbs = dict(known.get(target, []))
        complaints += [
            f"{target} has no {verb}" for verb in ("USER", "HEALTHCHECK", "CMD") if verb not in verbs
        ]
        if verbs.get("USER", "root").split(":")[0] in {"root", "0"}:
            complaints.append(f"{target} runs as root")
    copied = {rest.split()[0] for verb, rest in known["source"] if verb == "COPY"}
    ours = {app.split(".")[0] for app in settings.INSTALLED_APPS if (ROOT / app.split(".")[0]).is_dir()}
    complaints += [f"the app {app} is not copied" for app in sorted(ours - copied)]
    complaints += [
        f"{name} is kept out of the build"
        for name in sorted(copied)
        if f"!{name}" not in IGNORED and "/" not in name
    ]
    if re.search(r"packages-ml|ml\.txt", "\n".join(rest for _, rest in known.get("web", []))):
        complaints.append("the web image holds TensorFlow")
    return complaints


def compose_complaints(compose: dict[str, Any]) -> list[str]:
    complaints, services = [], compose["services"]
    for name, service in services.items():
        if not PINNED.search(service["image"]):
            complaints.append(f"{name}: {service['image']} is not pinned")
        build = service.get("build")
        if build and build["target"] not in stages(DOCKERFILE):
            complaints.append(f"{name}: no target {build['target']}")
        if build and not set(service["environment"]) >= NEEDED:
            complaints.append(f"{name} lacks {NEEDED - set(service['environment'])}")
        for other, how in service.get("depends_on", {}).items():
            complaints += _gate_complaints(name, other, how["condition"], services)
        for volume in service.get("volumes", []):
            if volume.split(":")[0] not in compose["volumes"]:
                complaints.append(f"{name}: unknown volume {volume}")
        complaints += [f"{name}: {text}" for text in command_complaints(service.get("command"))]
    return complaints


def _gate_complaints(name: str, other: str, condition: str, services: dict[str, Any]) -> list[str]:
    if other not in services:
        return [f"{name} waits for {other}, which does not exist"]
    if condition == "service_healthy" and "test" not in services[other].get("healthcheck", {}):
        return [f"{name} waits for the health of {other}, which has no check"]
    if condition == "service_completed_successfully" and services[other]["restart"] != "no":
        return [f"{name} waits for the end of {other}, which is started again"]
    if condition == "service_started":
        return [f"{name} does not wait for {other} to be healthy"]
    return []


def command_complaints(command: list[str] | None) -> list[str]:
    if command is None or command[0] in {"valkey-server", "server"}:
        return []
    if command[:2] == ["python", "manage.py"]:
        return [] if command[2] in get_commands() else [f"no command {command[2]}"]
    if command[0] == "celery":
        module, queues = command[command.index("-A") + 1], []
        if "--queues" in command:
            queues = command[command.index("--queues") + 1].split(",")
        missing = [f"no queue {queue}" for queue in queues if queue not in settings.CELERY_TASK_QUEUES]
        return missing + ([] if importlib.util.find_spec(module) else [f"no module {module}"])
    return [f"unknown program {command[0]}"]


def commands_of_images() -> list[list[str]]:
    return [
        yaml.safe_load(rest) for steps in stages(DOCKERFILE).values() for verb, rest in steps if verb == "CMD"
    ]


def test_the_dockerfile_fits_the_checkout():
    assert dockerfile_complaints(DOCKERFILE) == []


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("python:3.11.14-slim-bookworm", "python:latest", "not pinned"),
        ("COPY market ./market", "COPY nowhere ./nowhere", "does not exist"),
        ("COPY behavior ./behavior", "LABEL app=behavior", "the app behavior is not copied"),
        ("USER 10001:10001", "USER root", "as root"),
        ("COPY --from=packages-web", "COPY --from=packages-ml", "TensorFlow"),
        ("HEALTHCHECK", "LABEL", "no HEALTHCHECK"),
    ],
)
def test_the_dockerfile_check_can_fail(before, after, complaint):
    assert before in DOCKERFILE
    assert any(complaint in text for text in dockerfile_complaints(DOCKERFILE.replace(before, after)))


def test_the_images_start_what_exists():
    gunicorn, celery = commands_of_images()
    assert gunicorn[:2] == ["gunicorn", "traderai.site.wsgi"]
    assert importlib.util.find_spec(gunicorn[1])
    assert command_complaints(celery) == []
    assert importlib.util.find_spec("traderai.site.up.health")


def test_compose_fits_the_checkout():
    assert compose_complaints(COMPOSE) == []


def test_every_queue_has_a_worker():
    taken = [
        queue
        for service in COMPOSE["services"].values()
        if "--queues" in service.get("command", [])
        for queue in service["command"][service["command"].index("--queues") + 1].split(",")
    ]
    assert sorted(taken) == sorted(settings.CELERY_TASK_QUEUES)


def test_secrets_have_no_defaults():
    text = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "ALLOWED_HOSTS"):
        assert set(re.findall(rf"\$\{{{name}(.[?-])", text)) == {":?"}


@pytest.mark.parametrize(
    ("service", "change", "complaint"),
    [
        ("postgres", {"image": "postgres:latest"}, "not pinned"),
        ("web", {"build": {"target": "desktop"}}, "no target"),
        ("web", {"environment": {"DATABASE_URL": "x"}}, "lacks"),
        ("web", {"depends_on": {"postgres": {"condition": "service_started"}}}, "does not wait"),
        ("beat", {"depends_on": {"web": {"condition": "service_healthy"}}}, "has no check"),
        ("beat", {"volumes": ["attic:/x"]}, "unknown volume"),
        ("migrate", {"command": ["python", "manage.py", "brew"]}, "no command brew"),
        (
            "worker-ingest",
            {"command": shlex.split("celery -A traderai.site.celery worker --queues tea")},
            "no queue tea",
        ),
    ],
)
def test_the_compose_check_can_fail(service, change, complaint):
    broken = copy.deepcopy(COMPOSE)
    broken["services"][service].update(change)
    assert any(complaint in text for text in compose_complaints(broken))


def test_the_example_environment_names_what_compose_asks_for():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    text = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
    for name in set(re.findall(r"\$\{(\w+):\?", text)):
        assert f"{name}=" in example
