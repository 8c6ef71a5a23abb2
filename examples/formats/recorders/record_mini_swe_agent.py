"""Records a trajectory of mini-SWE-agent."""

import os
import tempfile
from pathlib import Path

from shop import KEY, MODEL, QUESTION, SCRIPT, SYSTEM, keep, opened_shop

END = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


def main() -> None:
    """Runs the agent and keeps its trajectory."""
    os.environ |= {"MSWEA_SILENT_STARTUP": "1", "MSWEA_COST_TRACKING": "ignore_errors"}
    with opened_shop(script=[*SCRIPT, END]) as url, tempfile.TemporaryDirectory() as folder:
        from minisweagent.agents.default import DefaultAgent
        from minisweagent.environments.local import LocalEnvironment
        from minisweagent.models.litellm_model import LitellmModel

        model = LitellmModel(
            model_name=f"openai/{MODEL}", model_kwargs={"api_base": f"{url}/v1", "api_key": KEY}
        )
        path = Path(folder) / "shop.traj.json"
        agent = DefaultAgent(
            model,
            LocalEnvironment(),
            system_template=SYSTEM,
            instance_template="{{task}}",
            output_path=path,
        )
        agent.run(QUESTION)
        names = ((folder, "/home/user"), (url, "http://127.0.0.1:18080"))
        keep("mini-swe-agent.traj.json", path.read_text(encoding="utf-8"), *names)


if __name__ == "__main__":
    main()
