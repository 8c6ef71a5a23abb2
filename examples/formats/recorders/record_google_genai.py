"""Records a session of Google's Agent Development Kit."""

import asyncio
import os

from shop import KEY, MODEL, QUESTION, SYSTEM, bash, keep, opened_shop

APP = "shop"


async def _run() -> None:
    with opened_shop() as url:
        os.environ |= {"GOOGLE_GEMINI_BASE_URL": url, "GOOGLE_API_KEY": KEY}
        from google.adk.agents import LlmAgent
        from google.adk.models import Gemini
        from google.adk.runners import InMemoryRunner
        from google.genai import types

        agent = LlmAgent(name="clerk", model=Gemini(model=MODEL), instruction=SYSTEM, tools=[bash])
        runner = InMemoryRunner(agent, app_name=APP)
        session = await runner.session_service.create_session(app_name=APP, user_id="user")
        question = types.Content(role="user", parts=[types.Part(text=QUESTION)])
        async for _ in runner.run_async(user_id="user", session_id=session.id, new_message=question):
            pass
        session = await runner.session_service.get_session(
            app_name=APP, user_id="user", session_id=session.id
        )
        keep(
            "google-genai.session.json",
            session.model_dump_json(by_alias=True, exclude_none=True, indent=2) + "\n",
        )


if __name__ == "__main__":
    asyncio.run(_run())
