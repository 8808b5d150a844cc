from tulle.agent.errors import AgentError, first_agent_error


def test_an_error_says_code_sentence_and_way_out_on_one_screen():
    error = AgentError("port-taken", "port 80 is in use", "choose another")

    assert str(error) == "port 80 is in use [port-taken]; choose another"
    assert error.exit_code == 1


def test_the_reason_is_found_inside_nested_groups():
    reason = AgentError("clock-skew", "the clock is off")
    group = BaseExceptionGroup("", [ValueError(), BaseExceptionGroup("", [reason])])

    assert first_agent_error(group) is reason


def test_other_errors_are_no_reason():
    assert first_agent_error(BaseExceptionGroup("", [ValueError()])) is None
