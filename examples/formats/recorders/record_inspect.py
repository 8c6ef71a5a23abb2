"""Records an evaluation of Inspect AI."""

import os
import tempfile
from pathlib import Path

from shop import KEY, MODEL, QUESTION, SCRIPT, SYSTEM, keep, opened_shop
from shop import bash as run_bash


def main() -> None:
    """Evaluates one sample and keeps the log as JSON."""
    with opened_shop(rows=8, script=SCRIPT[:1]) as url, tempfile.TemporaryDirectory() as folder:
        os.environ |= {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": KEY, "INSPECT_DISPLAY": "none"}
        from inspect_ai import Task
        from inspect_ai import eval as evaluate
        from inspect_ai.dataset import Sample
        from inspect_ai.scorer import includes
        from inspect_ai.solver import generate, system_message, use_tools
        from inspect_ai.tool import tool

        @tool
        def bash():  # noqa: ANN202
            async def execute(command: str) -> str:
                """Runs a command in the shop's folder and returns what it prints.

                Args:
                    command: the command.
                """
                return run_bash(command)

            return execute

        task = Task(
            name="shop",
            dataset=[Sample(id=1, input=QUESTION, target="Done")],
            solver=[system_message(SYSTEM), use_tools(bash()), generate()],
            scorer=includes(),
        )
        model = f"openai/{MODEL}"
        evaluate(task, model=model, log_dir=folder, log_format="json", model_args={"responses_api": False})
        (log,) = Path(folder).glob("*.json")
        keep("inspect.json", log.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
