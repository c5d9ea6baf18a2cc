"""Ten thousand tasks of one loop, each with its name and await chain."""

import pytest
import reading

TASKS = 10000


@pytest.mark.parametrize("runtime", ["trio", "asyncio"])
def test_many_tasks(runtime):
    with reading.program(reading.system(), "many_tasks.py", runtime) as (target, _):
        report = reading.read(target.pid)
    chains = {}
    for task in report["processes"][0]["tasks"]:
        kind = task["name"].split()[0]
        chains.setdefault(kind, []).append([f[0] for f in reading.frames(task["frames"]) if "many_tasks" in f[1]])
    assert len(chains["leaf"]) == TASKS * 4 // 5 and len(chains["deeper"]) == TASKS // 5
    assert all(chain == ["leaf"] for chain in chains["leaf"])
    assert all(chain == ["deeper", "leaf"] for chain in chains["deeper"])
    assert not [g for g in report["gaps"] if "task" in g["what"] or "rames" in g["what"]], report["gaps"]
