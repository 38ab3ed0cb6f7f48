# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags in unit files, drop-ins and files with environment: by their looks, and by a model on random units."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack.components.editing import arguments, flags_file, unit
from dualstack.components.editing.owned import EditError, Owned

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "components"
PAIR = "192.0.2.10,fd42:b1:91::10"
UNIT = "/etc/systemd/system/kubelet.service"
DROP_IN = f"{UNIT}.d/10-kubeadm.conf"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
EXTRA = "/etc/default/kubelet"
KUBEADM = """[Service]
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""
HARD_WAY = """[Unit]
Description=Controllers

[Service]
# ExecStart=/bin/false --cluster-cidr=none
ExecStart=/usr/local/bin/kube-controller-manager \\
  --bind-address=0.0.0.0 \\
  # the pods
  --cluster-cidr=10.200.0.0/16 \\
  --node-cidr-mask-size 24 \\
  "--quoted=a b" \\
  --v=2
Restart=on-failure
"""


def kubeadm(flags: str, extra: str = "", drop_in: str = KUBEADM) -> unit.Files:
    """The kubelet as kubeadm's packages run it."""
    return unit.Files({UNIT: "[Service]\nExecStart=/usr/bin/kubelet\n", DROP_IN: drop_in}, {FLAGS: flags, EXTRA: extra})


def test_kubeadms_flags_file() -> None:
    text = (FIXTURES / "kubeadm-flags.env").read_text(encoding="utf-8")
    after = flags_file.edit(text, Owned({"node-ip": PAIR}))
    assert after == text.replace("--node-ip=192.0.2.10", f"--node-ip={PAIR}")
    assert flags_file.edit(after, Owned({"node-ip": PAIR})) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A=1\nKUBELET_EXTRA_ARGS=\n", f'A=1\nKUBELET_EXTRA_ARGS="--node-ip={PAIR} --v=2"\n'),
        ("KUBELET_EXTRA_ARGS=--a --node-ip 1\n", f'KUBELET_EXTRA_ARGS="--a --node-ip {PAIR} --v=2"\n'),
        ("KUBELET_EXTRA_ARGS='--v=3 --a'  \n", f"KUBELET_EXTRA_ARGS='--v=2 --a --node-ip={PAIR}'  \n"),
        ('# KUBELET_EXTRA_ARGS=""\nKUBELET_EXTRA_ARGS="" # no comment\n', None),
    ],
)
def test_other_variables(before: str, after: str | None) -> None:
    owned = Owned({"node-ip": PAIR, "v": "2"})
    if after is None:
        with pytest.raises(EditError, match=r"line 2: .* is quoted in parts; quote it as a whole"):
            flags_file.edit(before, owned, "KUBELET_EXTRA_ARGS")
    else:
        assert flags_file.edit(before, owned, "KUBELET_EXTRA_ARGS") == after


def test_a_flag_is_changed_where_it_stands_and_a_new_one_goes_where_kubeadm_keeps_it() -> None:
    files = kubeadm(
        'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=x"\n', "KUBELET_EXTRA_ARGS=--node-ip=192.0.2.10\n"
    )
    after = unit.edit(files, Owned({"node-ip": PAIR, "v": "2"}), "kubelet")
    assert after == {
        EXTRA: f"KUBELET_EXTRA_ARGS=--node-ip={PAIR}\n",
        FLAGS: 'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=x --v=2"\n',
    }


def test_of_a_flag_in_two_places_one_is_left() -> None:
    files = kubeadm('KUBELET_KUBEADM_ARGS="--node-ip=192.0.2.1 --a=b"\n', "KUBELET_EXTRA_ARGS=--node-ip=192.0.2.2\n")
    after = unit.edit(files, Owned({"node-ip": PAIR}), "kubelet")
    assert after == {EXTRA: "KUBELET_EXTRA_ARGS=\n", FLAGS: f'KUBELET_KUBEADM_ARGS="--node-ip={PAIR} --a=b"\n'}


@pytest.mark.parametrize(
    "quoted", ['Environment="KUBELET_KUBEADM_ARGS={}"', "Environment=A=1 KUBELET_KUBEADM_ARGS='{}'"]
)
def test_a_variable_of_the_unit(quoted: str) -> None:
    drop_in = KUBEADM.replace("ExecStart=\n", quoted.format("--node-ip=192.0.2.10 --a") + "\nExecStart=\n")
    files = unit.Files({DROP_IN: drop_in})
    after = unit.edit(files, Owned({"node-ip": PAIR}, ["a"]), "kubelet")
    assert after == {DROP_IN: drop_in.replace("--node-ip=192.0.2.10 --a", f"--node-ip={PAIR}")}


def test_a_command_over_several_lines() -> None:
    pair = "10.200.0.0/16,fd42:b1:a::/56"
    owned = Owned({"cluster-cidr": pair, "node-cidr-mask-size-ipv6": "64"}, ["node-cidr-mask-size", "v", "quoted"])
    after = unit.edit(unit.Files({UNIT: HARD_WAY}), owned, "kube-controller-manager")[UNIT]
    assert after == HARD_WAY.replace("=10.200.0.0/16", f"={pair}").replace(
        '  --node-cidr-mask-size 24 \\\n  "--quoted=a b" \\\n  --v=2', "  --node-cidr-mask-size-ipv6=64"
    )
    assert unit.edit(unit.Files({UNIT: after}), owned, "kube-controller-manager") == {}


def test_a_value_that_systemd_would_take_apart_is_quoted() -> None:
    files = unit.Files({UNIT: "[Service]\nExecStart=-/usr/bin/kubelet --a=b\n"})
    owned = Owned({"eviction-hard": "memory.available<5%", "x": 'a "b" $c'})
    after = unit.edit(files, owned, "kubelet")[UNIT]
    assert after.endswith('kubelet --a=b --eviction-hard=memory.available<5%% "--x=a \\"b\\" $$c"\n') or "5%%" in after
    assert arguments.value(unit.flags(unit.Files({UNIT: after}), "kubelet"), "x") == 'a "b" $c'
    assert unit.edit(unit.Files({UNIT: after}), owned, "kubelet") == {}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            unit.Files({UNIT: "[Service]\nExecStart=/bin/sh -c kubelet\n"}),
            "line 2: ExecStart= in .* runs sh, not kubelet itself",
        ),
        (unit.Files({UNIT: "[Unit]\n"}), "line 1: .* has no ExecStart="),
        (
            unit.Files({"/usr/lib/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\n"}),
            "have no place for flags",
        ),
        (
            unit.Files(
                {"/usr/lib/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet --node-ip=1\n"}
            ),
            "belongs to a package",
        ),
        (
            unit.Files({UNIT: '[Service]\nExecStart=/usr/bin/kubelet "--a\n'}),
            "line 2: a quote that is not closed; close it",
        ),
        (kubeadm('KUBELET_KUBEADM_ARGS=""\n', drop_in=KUBEADM), None),
    ],
)
def test_what_is_not_safe_is_an_error(files: unit.Files, message: str | None) -> None:
    owned = Owned({"node-ip": PAIR if message else "a b"})
    with pytest.raises(EditError, match=message or "can't stand in a variable, which is split at blanks"):
        unit.edit(files, owned, "kubelet")


WORDS = st.lists(
    st.sampled_from(["--node-ip=1", "--v=2", "--a", '"--b=c d"', "--c=d", "'--e=f'", "$KUBELET_EXTRA_ARGS"]), max_size=7
)


@given(WORDS, st.lists(st.sampled_from(["--node-ip=3", "--v=4", "--x"]), max_size=3), st.data())
def test_the_unit_says_what_the_list_would(command: list[str], extra: list[str], data: st.DataObject) -> None:
    gaps = st.sampled_from([" ", "  ", " \\\n  ", " \\\n  # said\n  ", " \\\n; x\n"])
    text = (
        "[Service]\nType=notify\nExecStart=/usr/bin/kubelet"
        + "".join(data.draw(gaps) + word for word in command)
        + "\nRestart=no\n"
    )
    files = unit.Files({UNIT: text}, {EXTRA: f'KUBELET_EXTRA_ARGS="{" ".join(extra)}"\n'})
    owned = Owned({"node-ip": PAIR}, data.draw(st.sampled_from([[], ["v"], ["c", "a", "e"], ["b"]])))
    before = unit.flags(files, "kubelet")
    changed = unit.edit(files, owned, "kubelet")
    after = unit.Files({UNIT: changed.get(UNIT, text)}, {EXTRA: changed.get(EXTRA, files.environment[EXTRA])})
    expected = arguments.applied(before, arguments.changes(before, owned))
    assert sorted(unit.flags(after, "kubelet")) == sorted(expected)
    assert unit.edit(after, owned, "kubelet") == {}
    assert after.units[UNIT].startswith("[Service]\nType=notify\nExecStart=/usr/bin/kubelet")
    assert after.units[UNIT].endswith("\nRestart=no\n")
