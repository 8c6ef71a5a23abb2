//! What the name of a member says, and what the value of a `role` or `type` says.
//!
//! The file is long because it is a table of names.

use crate::recognise::words::{Words, is};

/// What the name of a member says about its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Name {
    /// Nothing that matters here.
    #[default]
    Other,
    /// `role`: who speaks.
    Role,
    /// `type`, `kind`, `event`, `class`: what the object is.
    Type,
    /// `llm.messages.3.message.role`: the role of a message that is spread over members.
    SpreadRole,
    /// `llm.messages.3.message.content`
    SpreadContent,
    /// `tool_call_id`
    CallId,
    /// `id`
    Id,
    /// `tool_name`, or `tool` and `function` where they hold a string.
    OfTool,
    /// `name`
    Plain,
    /// `tool_result`, `functionResponse`: a result whatever stands beside it.
    ToolOutput,
    /// `observation`
    Observation,
    /// `output`, `result`, `stdout`
    Output,
    /// `response`: what a tool gave, or what a model said.
    Response,
    /// `content`, `text`, `parts`
    Content,
    /// `value`, `data`, `json`: the content of a wrapper around a result.
    Wrapped,
    /// `structuredContent`
    Structured,
    /// `artifact`: what a tool put aside.
    Artifact,
    /// `error`, `exception.message`
    Error,
    /// `status`: an object with this name may hold what went wrong.
    Status,
    /// `message`
    Message,
    /// `description`
    Description,
    /// `input`: what went in.
    Input,
    /// `arguments`, `parameters`: never a result.
    Arguments,
    /// `kwargs`: arguments, or the members of an object that was written by its class.
    Members,
    /// `action`, `tool_calls`, `thought`: an agent's step stands here.
    Step,
    /// `command`
    Command,
    /// `exit_code`, `is_error`
    Outcome,
    /// `schema`: part of a tool's definition.
    Schema,
    /// Text that must never change: instructions, reasoning, hashes.
    Kept,
    /// As `Kept`, and a sign that the object around it is a message: signatures, encrypted reasoning.
    Sealed,
    /// `key`, in a list of pairs.
    Key,
    /// `jsonrpc`
    Remote,
    /// `params`: what a call over a wire holds.
    Parameters,
    /// `hash`: of what stands beside it.
    Hash,
    /// `llm.messages.3.message.tool_call_id`
    SpreadCallId,
    /// `llm.messages.3.message.tool_calls.0.tool_call.id`
    SpreadCall,
    /// `llm.messages.3.message.tool_calls.0.tool_call.function.name`
    SpreadOfTool,
    /// `file`: an object around a file's content.
    File,
    /// `attributes`: what a span says about itself stands in an object of its own.
    Attributes,
}

const RESULT: [&str; 11] = [
    "result",
    "results",
    "output",
    "outputs",
    "response",
    "responses",
    "return",
    "returns",
    "returned",
    "observation",
    "observations",
];
const TOOL: [&str; 4] = ["tool", "tools", "function", "toolcall"];
/// Words between `tool` and what it gave: `tool_use_result`.
const BETWEEN: [&str; 12] = [
    "call",
    "calls",
    "use",
    "uses",
    "execution",
    "invocation",
    "message",
    "run",
    "raw",
    "tool",
    "function",
    "mcp",
];
/// What these gave is an answer, not a tool's result.
const SPEAKING: [&str; 14] = [
    "model",
    "llm",
    "ai",
    "agent",
    "assistant",
    "expected",
    "final",
    "reference",
    "target",
    "last",
    "parsed",
    "generation",
    "chat",
    "completion",
];

impl Name {
    /// What a name says.
    pub fn of(name: &[u8]) -> Self {
        let Some(words) = Words::of(name) else {
            return Self::Other;
        };
        if words.numbered_inside {
            return match words.back(0) {
                b"role" => Self::SpreadRole,
                b"content" => Self::SpreadContent,
                b"id" if name.ends_with(b"tool_call_id") => Self::SpreadCallId,
                b"id" if name.ends_with(b"tool_call.id") => Self::SpreadCall,
                b"name" if name.ends_with(b"tool_call.function.name") => Self::SpreadOfTool,
                _ => Self::Other,
            };
        }
        if words.len() == 1 {
            return Self::of_word(words.back(0));
        }
        Self::of_words(&words)
    }

    fn of_word(word: &[u8]) -> Self {
        match word {
            b"role" | b"from" => Self::Role,
            b"type" | b"kind" | b"event" | b"class" | b"cls" | b"operation" => Self::Type,
            b"id" => Self::Id,
            b"tool" | b"function" => Self::OfTool,
            b"name" => Self::Plain,
            b"observation" | b"observations" => Self::Observation,
            b"output" | b"outputs" | b"result" | b"results" | b"return" | b"returned" | b"stdout"
            | b"stderr" => Self::Output,
            b"response" | b"responses" => Self::Response,
            b"attributes" | b"tags" => Self::Attributes,
            b"content" | b"contents" | b"text" | b"blocks" | b"parts" => Self::Content,
            b"value" | b"data" | b"json" | b"document" => Self::Wrapped,
            b"artifact" | b"artifacts" => Self::Artifact,
            b"error" | b"errors" | b"failure" | b"exception" => Self::Error,
            b"status" => Self::Status,
            b"message" => Self::Message,
            b"description" => Self::Description,
            b"input" | b"inputs" => Self::Input,
            b"arguments" | b"argument" | b"args" | b"parameters" => Self::Arguments,
            b"kwargs" => Self::Members,
            b"action" | b"actions" | b"thought" => Self::Step,
            b"command" | b"cmd" => Self::Command,
            b"schema" => Self::Schema,
            b"signature" | b"thinking" | b"reasoning" => Self::Sealed,
            b"hash" | b"sha256" | b"digest" => Self::Hash,
            b"instructions" | b"system" | b"etag" | b"fingerprint" => Self::Kept,
            b"jsonrpc" => Self::Remote,
            b"params" => Self::Parameters,
            b"file" => Self::File,
            b"key" => Self::Key,
            _ => Self::Other,
        }
    }

    fn of_words(words: &Words) -> Self {
        let (last, before) = (words.back(0), words.back(1));
        match last {
            b"id" | b"ref"
                if words.len() == 2 && is(before, &["call", "tool"])
                    || is(before, &["call", "use"]) && words.has(&["tool", "function", "source", "mcp"]) =>
            {
                return Self::CallId;
            }
            b"id" | b"ids" => return Self::Other,
            b"name" if words.has(&["span"]) => return Self::Other,
            b"name" if is(before, &TOOL) || is(before, &["action"]) => return Self::OfTool,
            b"name" if is(before, &["operation", "event"]) => return Self::Type,
            b"type" | b"kind" | b"class" | b"role" => {
                let of_something = [
                    "mime",
                    "media",
                    "content",
                    "error",
                    "exception",
                    "file",
                    "result",
                    "finish",
                ];
                return match last {
                    _ if is(before, &of_something) => Self::Other,
                    b"role" => Self::Role,
                    _ => Self::Type,
                };
            }
            b"code" | b"status" | b"error" if is(before, &["exit", "return", "is"]) => return Self::Outcome,
            b"returncode" => return Self::Outcome,
            b"message" | b"text" | b"stacktrace" | b"trace"
                if is(before, &["error", "exception", "status", "stack", "failure"]) =>
            {
                return Self::Error;
            }
            b"calls" | b"uses" if words.has(&TOOL) => return Self::Step,
            b"schema" | b"schemas" => return Self::Schema,
            b"args" | b"kwargs" | b"arguments" | b"parameters" | b"input" | b"inputs" => {
                let unrelated = ["additional", "response", "model", "messages", "invocation"];
                return match last {
                    b"kwargs" | b"parameters" if words.has(&unrelated) => Self::Other,
                    b"input" | b"inputs" if !words.has(&["tool", "function", "action", "raw", "args"]) => {
                        Self::Input
                    }
                    _ => Self::Arguments,
                };
            }
            b"signature" => return Self::Sealed,
            b"instructions" | b"hash" | b"etag" | b"digest" | b"digests" | b"fingerprint" | b"sha256" => {
                return Self::Kept;
            }
            b"prompt" | b"message" if before == b"system" => return Self::Kept,
            _ => {}
        }
        // What an agent wrote into a file comes back in the result.
        if is(before, &["old", "new"]) && is(last, &["string", "str", "text", "content", "source"])
            || is(last, &["patch", "diff"])
        {
            return Self::Arguments;
        }
        if words.has(&["encrypted"]) {
            return Self::Sealed;
        }
        if words.has(&["reasoning", "thinking"]) && is(last, &["content", "text", "details", "summary"]) {
            return Self::Kept;
        }
        if last == b"content" && before == b"structured" {
            return Self::Structured;
        }
        // `output.value` says what `output` says.
        let skipped = usize::from(last == b"value" && is(before, &RESULT));
        let (last, before) = (words.back(skipped), words.back(skipped + 1));
        if is(last, &RESULT) || is(last, &["stdout", "stderr"]) {
            let tool = (skipped + 1..words.len())
                .find(|number| !is(words.back(*number), &BETWEEN) || is(words.back(*number), &TOOL))
                .is_some_and(|number| is(words.back(number), &TOOL));
            return match last {
                _ if tool => Self::ToolOutput,
                _ if is(before, &SPEAKING) => Self::Other,
                b"observation" | b"observations" => Self::Observation,
                b"output" | b"result" if before == b"action" => Self::Observation,
                b"response" | b"responses" => Self::Response,
                _ => Self::Output,
            };
        }
        if last == b"value" && before == b"string" {
            return Self::Wrapped;
        }
        Self::Other
    }

    /// A string or a number under these names is never a result, and nothing in them is looked at.
    pub fn is_kept(self) -> bool {
        matches!(
            self,
            Self::Arguments | Self::Schema | Self::Kept | Self::Sealed | Self::Hash
        )
    }
}

/// What the value of a `role` or `type` says about its object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tag {
    /// Nothing that matters here.
    #[default]
    Other,
    /// What a tool gave.
    Result,
    /// `function`: a call, a definition or the span of a call.
    Function,
    /// Something about a tool: a call, its result or both.
    Tool,
    /// A call of a tool.
    Call,
    /// A person, a model, or the system.
    Speaker,
    /// Reasoning.
    Reasoning,
    /// Something that was written, so that what stands beside it may be its text.
    Written,
    /// A part that is text.
    Text,
    /// A part that is an image, audio or a file.
    Blob,
    /// An object written by its class, with its members in `kwargs`.
    Constructor,
    /// A step of something that isn't a tool.
    OtherStep,
}

impl Tag {
    /// What a value says.
    pub fn of(value: &[u8], is_role: bool) -> Self {
        let Some(words) = Words::of(value) else {
            return Self::Other;
        };
        if is_role && words.only(&["tool", "function", "ipython", "observation", "environment"]) {
            return Self::Result;
        }
        if words.has(&["thinking", "reasoning", "encrypted"]) {
            return Self::Reasoning;
        }
        if words.has(&["tool", "tools", "function", "mcp", "toolcall"]) {
            return Self::of_tool(&words, is_role);
        }
        if words.back(0) == b"output" && words.back(1) == b"call" {
            return Self::Result;
        }
        let doing = [
            "search",
            "shell",
            "computer",
            "interpreter",
            "patch",
            "browser",
            "bash",
            "command",
        ];
        if words.back(0) == b"call" && is(words.back(1), &doing) {
            return Self::Call;
        }
        if words.only(&["constructor"]) {
            return Self::Constructor;
        }
        if words.only(&[
            "create", "created", "write", "edit", "update", "insert", "replace",
        ]) {
            return Self::Written;
        }
        let last = words.back(0);
        let speaker = [
            "user",
            "human",
            "system",
            "assistant",
            "developer",
            "ai",
            "model",
            "bot",
        ];
        let speaks = if is(last, &["message", "prompt", "chunk"]) {
            words.at(0)
        } else {
            last
        };
        if is(speaks, &speaker) && words.len() <= 3 && (is_role || !is(speaks, &["model", "bot"])) {
            return Self::Speaker;
        }
        if last == b"text" && words.len() <= 2 {
            return Self::Text;
        }
        if words.len() <= 2 && words.has(&["image", "audio", "media", "binary", "video", "file"]) {
            return Self::Blob;
        }
        if words.has(&[
            "llm",
            "chat",
            "generation",
            "chain",
            "agent",
            "embedding",
            "retriever",
            "reranker",
        ]) {
            return Self::OtherStep;
        }
        Self::Other
    }

    fn of_tool(words: &Words, is_role: bool) -> Self {
        let over = [
            "result",
            "results",
            "output",
            "outputs",
            "return",
            "returned",
            "response",
            "observation",
            "completed",
            "finished",
            "finish",
            "end",
            "ended",
            "error",
            "errored",
            "failed",
            "failure",
            "succeeded",
        ];
        let message = matches!(words.back(0), b"message" | b"chunk") && !words.has(&["call", "calls"]);
        if words.has(&[
            "arguments",
            "args",
            "input",
            "definition",
            "definitions",
            "choice",
            "schema",
            "list",
        ]) {
            return Self::Call;
        }
        if words.has(&over) || message {
            return Self::Result;
        }
        let called = [
            "call",
            "calls",
            "use",
            "uses",
            "request",
            "started",
            "start",
            "usage",
            "requested",
        ];
        if words.has(&called) {
            return Self::Call;
        }
        if !is_role && words.only(&["function"]) {
            return Self::Function;
        }
        Self::Tool
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, Tag};

    #[test]
    fn names_say_what_they_say_in_every_spelling() {
        for (names, expected) in [
            (
                &[
                    "tool_call_id",
                    "toolCallId",
                    "call_id",
                    "tool_use_id",
                    "source_call_id",
                ][..],
                Name::CallId,
            ),
            (
                &[
                    "tool_result",
                    "toolResult",
                    "functionResponse",
                    "ai.toolCall.result",
                    "tool_use_result",
                    "agent.step.tool.output",
                    "tool_outputs",
                    "gen_ai.tool.call.result",
                ],
                Name::ToolOutput,
            ),
            (
                &[
                    "output",
                    "raw_output",
                    "return_value_result",
                    "spanOutputs",
                    "output.value",
                    "stdout",
                ],
                Name::Output,
            ),
            (
                &["observation", "observation_3", "observations"],
                Name::Observation,
            ),
            (
                &[
                    "tool_args",
                    "arguments",
                    "action_input",
                    "tool_input",
                    "raw_input",
                ],
                Name::Arguments,
            ),
            (
                &[
                    "model_output",
                    "expected_output",
                    "final_output",
                    "llm_response",
                    "output_tokens",
                    "mime_type",
                    "output.mime_type",
                    "trace_id",
                    "additional_kwargs",
                    "model_name",
                ],
                Name::Other,
            ),
            (
                &["encrypted_content", "thought_signature", "thinking"],
                Name::Sealed,
            ),
            (
                &[
                    "exception.message",
                    "errorText",
                    "error_message",
                    "status_message",
                ],
                Name::Error,
            ),
            (
                &[
                    "run_type",
                    "part_kind",
                    "_type",
                    "@type",
                    "gen_ai.operation.name",
                    "span.kind",
                ],
                Name::Type,
            ),
            (&["exit_code", "isError", "returncode_x_exit_code"], Name::Outcome),
            (&["in.3.message.role"], Name::SpreadRole),
        ] {
            for name in names {
                assert_eq!(Name::of(name.as_bytes()), expected, "{name}");
            }
        }
    }

    #[test]
    fn tags_say_what_an_object_is() {
        for (tags, expected) in [
            (
                &[
                    "tool_result",
                    "tool-return",
                    "function_call_output",
                    "ToolMessage",
                    "tool_usage_finished",
                    "computer_call_output",
                    "FunctionExecutionResultMessage",
                    "ToolCallCompleted",
                ][..],
                Tag::Result,
            ),
            (
                &["tool", "TOOL", "execute_tool", "tool-weather", "dynamic-tool"],
                Tag::Tool,
            ),
            (
                &[
                    "tool_use",
                    "function_call",
                    "mcp_call",
                    "tool_call",
                    "ToolCallStarted",
                    "tool-input-available",
                    "response.function_call_arguments.done",
                ],
                Tag::Call,
            ),
            (
                &[
                    "user",
                    "assistant",
                    "AIMessage",
                    "HumanMessage",
                    "user-prompt",
                    "ai",
                    "human",
                ],
                Tag::Speaker,
            ),
            (&["thinking", "redacted_thinking", "reasoning"], Tag::Reasoning),
            (&["text", "input_text"], Tag::Text),
            (&["image", "image_url", "input_image", "image-data"], Tag::Blob),
            (&["json", "message", "object", "ok"], Tag::Other),
            (&["function"], Tag::Function),
            (&["LLM", "chain", "chat_model"], Tag::OtherStep),
        ] {
            for tag in tags {
                assert_eq!(Tag::of(tag.as_bytes(), false), expected, "{tag}");
            }
        }
        assert_eq!(Tag::of(b"function", true), Tag::Result);
        assert_eq!(Tag::of(b"'tool'", true), Tag::Result);
        assert_eq!(Tag::of(b"tool-call", true), Tag::Call);
    }
}
