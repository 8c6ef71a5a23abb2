"""Recording a conversation: what is kept, and what is replaced."""

import sys


def test_neutral_replaces_paths_and_addresses_and_nothing_else(examples_path):
    from recording import neutral

    places = {"/here": "/there", "/here/inside": "/in"}
    assert (
        neutral("at /here/inside/x and /here/y by a.b@mail.org", places)
        == "at /in/x and /there/y by someone@example.com"
    )
    assert neutral("git@host: 1 @ 2", {}) == "git@host: 1 @ 2"


def test_recording_keeps_output_errors_and_exit_status_in_both_forms(examples_path, tmp_path):
    from recording import Conversation, anthropic_messages, openai_messages

    talk = Conversation("one", workspace=tmp_path)
    talk.ask("Run it.")
    program = "import sys; print('  [1,  2.0]'); print('oh', file=sys.stderr); sys.exit(3)"
    output = talk.run("bash", [sys.executable, "-c", program], why="Running.", program="p")
    talk.answer("It failed.")
    assert output == "  [1,  2.0]\n"
    logged = "  [1,  2.0]\n\n[stderr]\noh\n[exit status 3]"
    openai = openai_messages(talk)
    assert [message["role"] for message in openai] == ["system", "user", "assistant", "tool", "assistant"]
    assert openai[3]["content"] == logged
    assert openai[3]["tool_call_id"] == openai[2]["tool_calls"][0]["id"]
    anthropic = anthropic_messages(talk)
    assert [message["role"] for message in anthropic] == ["user", "assistant", "user", "assistant"]
    result = anthropic[2]["content"][0]
    assert result["content"] == [{"type": "text", "text": logged}]
    assert result["is_error"] is True
