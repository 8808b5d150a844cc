from tulle.agent.capture.sketches import sketch
from tulle.capture.plans import Exclusions, NamespaceScope, Plan, ProgramScope
from tulle.capture.rulesets import ruleset


def test_a_sketch_has_what_the_flags_say() -> None:
    made = sketch({"port": ("http=8080",), "exclude_outbound_port": ("25",), "capture": "cgroup"})

    assert isinstance(made, Plan)
    assert isinstance(made.scope, ProgramScope)
    assert made.scope.ports == (8080,)
    assert made.exclusions == Exclusions(outbound_ports=(25,))
    assert "redirect to :15001" in ruleset(made)


def test_a_sketch_of_a_namespace_leaves_mesh_and_probes_open() -> None:
    made = sketch({"port": ("8080",), "probe_port": ("15021=8080",), "capture": "netns"})

    assert isinstance(made, Plan)
    assert made.scope == NamespaceScope((15009, 15021))


def test_everything_wrong_with_the_flags_is_said() -> None:
    found = sketch({"exclude_outbound_cidr": ("x",), "exclude_user": ("a b",)})

    assert isinstance(found, tuple)
    assert [(one.path, one.code) for one in found] == [
        ("--exclude-outbound-cidr", "network-malformed"),
        ("--exclude-user", "user-malformed"),
    ]
