//! The calls of tools in a text, in the shapes that agents and libraries write: which id has which name.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use crate::crush::tools::{member, text_of};
use crate::hashing::Map;
use crate::json::tape::{Doc, KEY, Kind};

/// Members with which a call or a result says which call it is.
const CALL_IDS: [&[u8]; 8] = [
    b"tool_call_id",
    b"tool_use_id",
    b"toolCallId",
    b"toolUseId",
    b"call_id",
    b"callId",
    b"callID",
    b"source_call_id",
];
/// Members that name a tool and nothing else.
const TOOL_NAMES: [&[u8]; 3] = [b"toolName", b"tool_name", b"function_name"];
/// Types of objects that are a call, with its name in `name`.
const CALL_TYPES: [&[u8]; 6] = [
    b"tool_use",
    b"tool_call",
    b"tool-call",
    b"toolCall",
    b"function_call",
    b"custom_tool_call",
];
/// Types of calls that are a tool's own, so that nothing else names it.
const TYPES_OF_ONE_TOOL: [(&[u8], &[u8]); 4] = [
    (b"local_shell_call", b"local_shell"),
    (b"shell_call", b"shell"),
    (b"apply_patch_call", b"apply_patch"),
    (b"computer_call", b"computer"),
];
/// Keys that say that the object behind them has the id and the name of a call.
const CALL_KEYS: [&[u8]; 5] = [
    b"functionCall",
    b"function_call",
    b"functionResponse",
    b"function_response",
    b"toolUse",
];
/// Members of OpenTelemetry's attributes that name a tool.
const TOOL_ATTRIBUTES: [&[u8]; 3] = [b"gen_ai.tool.name", b"tool.name", b"tool_name"];
/// A text without any of these, each in quotes, has no call.
const WORDS: [&str; 19] = [
    "\"function\"",
    "\"function_name\"",
    "\"function_call\"",
    "\"functionCall\"",
    "\"function_response\"",
    "\"functionResponse\"",
    "\"tool_use\"",
    "\"tool_call\"",
    "\"tool-call\"",
    "\"toolCall\"",
    "\"toolName\"",
    "\"tool_name\"",
    "\"toolUse\"",
    "\"toolRequests\"",
    "\"custom_tool_call\"",
    "\"tools/call\"",
    "shell_call\"",
    "\"apply_patch_call\"",
    "\"computer_call\"",
];
/// A call has its id and name among its first members. To search all members of large objects would take long.
const MAX_MEMBERS: usize = 16;

/// Returns false for a text without any call that `call_names` would collect.
pub(crate) fn may_have_calls(text: &[u8]) -> bool {
    static SEARCH: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let search = SEARCH.get_or_init(|| AhoCorasick::new(WORDS).ok());
    search.as_ref().is_none_or(|search| search.is_match(text))
}

/// Collects names of tools by call id. The first call of an id counts.
pub(crate) fn call_names<'a>(doc: &Doc<'a>) -> Map<&'a [u8], &'a [u8]> {
    let mut names = Map::default();
    for at in 0..doc.len() {
        if doc.node(at).kind == Kind::Object
            && let Some((id, name)) = Said::read(doc, at).named(doc)
        {
            names.entry(id).or_insert(name);
        }
    }
    names
}

/// What an object says of a call, each the node of a value.
#[derive(Default)]
struct Said<'a> {
    /// The key that leads to the object.
    key: &'a [u8],
    kind: &'a [u8],
    id: Option<u32>,
    call_id: Option<u32>,
    name: Option<u32>,
    tool_name: Option<u32>,
    function: Option<u32>,
    tool_call: Option<u32>,
    method: &'a [u8],
    params: Option<u32>,
}

impl<'a> Said<'a> {
    fn read(doc: &Doc<'a>, object: u32) -> Self {
        let mut call = Self::default();
        if let Some(before) = object.checked_sub(1)
            && doc.node(before).flags & KEY != 0
        {
            call.key = doc.inner(doc.node(before));
        }
        for (key, value) in doc.members(object).take(MAX_MEMBERS) {
            let node = doc.node(value);
            let is_string = node.kind == Kind::String;
            match (doc.inner(doc.node(key)), node.kind) {
                (b"id", Kind::String | Kind::Number) => call.id = call.id.or(Some(value)),
                (b"name", Kind::String) => call.name = call.name.or(Some(value)),
                (b"type", Kind::String) => call.kind = doc.inner(node),
                (b"method", Kind::String) => call.method = doc.inner(node),
                (b"function", _) => call.function = call.function.or(Some(value)),
                (b"toolCall", Kind::Object) => call.tool_call = call.tool_call.or(Some(value)),
                (b"params", Kind::Object) => call.params = call.params.or(Some(value)),
                (key, _) if is_string && CALL_IDS.contains(&key) => {
                    call.call_id = call.call_id.or(Some(value));
                }
                (key, _) if is_string && TOOL_NAMES.contains(&key) => {
                    call.tool_name = call.tool_name.or(Some(value));
                }
                _ => {}
            }
        }
        call
    }

    /// Returns the id of the call and the name of its tool, if the object says both.
    fn named(&self, doc: &Doc<'a>) -> Option<(&'a [u8], &'a [u8])> {
        let text = |value: u32| Some(doc.inner(doc.node(value)));
        if self.method == b"tools/call" {
            return Some((id_text(doc, self.id?), string_in(doc, self.params?, b"name")?));
        }
        let id = self.call_id.or(self.id)?;
        if doc.node(id).kind != Kind::String {
            return None;
        }
        let one_tool = TYPES_OF_ONE_TOOL.iter().find(|(kind, _)| *kind == self.kind);
        let name = if let Some(function) = self.function {
            match doc.node(function).kind {
                Kind::Object => string_in(doc, function, b"name"),
                Kind::String => text(function),
                _ => None,
            }
        } else if let Some(call) = self.tool_call {
            let value = value_in(doc, call, b"value").unwrap_or(call);
            string_in(doc, value, b"name")
        } else if let Some((_, tool)) = one_tool {
            Some(*tool)
        } else if self.call_id.is_some() {
            self.tool_name.or(self.name).and_then(text)
        } else if CALL_TYPES.contains(&self.kind) || CALL_KEYS.contains(&self.key) {
            self.name.and_then(text)
        } else {
            None
        };
        Some((doc.inner(doc.node(id)), name?))
    }
}

fn value_in(doc: &Doc<'_>, object: u32, name: &[u8]) -> Option<u32> {
    doc.members(object)
        .take(MAX_MEMBERS)
        .find(|(key, _)| doc.inner(doc.node(*key)) == name)
        .map(|(_, value)| value)
}

fn string_in<'a>(doc: &Doc<'a>, object: u32, name: &[u8]) -> Option<&'a [u8]> {
    let node = doc.node(value_in(doc, object, name)?);
    (node.kind == Kind::String).then(|| doc.inner(node))
}

/// Which call an object says it belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CallId {
    /// The value of a member that says so.
    Of(u32),
    /// An id of its own, which may be that of a call: in JSON-RPC, and in parts of messages.
    Own(u32),
}

/// Returns the call that an object says it belongs to.
pub(crate) fn call_of(doc: &Doc<'_>, object: u32) -> Option<CallId> {
    let (mut own, mut list, mut item) = (None, None, None);
    for (key, value) in doc.members(object) {
        let Some(key) = text_of(doc, doc.node(key)) else {
            continue;
        };
        let node = doc.node(value);
        match (&*key, node.kind) {
            (b"id", Kind::String | Kind::Number) => own = own.or(Some(value)),
            (b"tool_call_ids", Kind::Array) if node.count == 1 => list = list.or(Some(value + 1)),
            (b"raw_item", Kind::Object) => item = item.or(Some(value)),
            (key, Kind::String) if CALL_IDS.contains(&key) => return Some(CallId::Of(value)),
            _ => {}
        }
    }
    if let Some(id) = list.or_else(|| item.and_then(|item| member(doc, item, "call_id"))) {
        return Some(CallId::Of(id));
    }
    let own = own?;
    // A number is an id in JSON-RPC, and mere data elsewhere.
    let is_id = doc.node(own).kind == Kind::String || member(doc, object, "jsonrpc").is_some();
    is_id.then_some(CallId::Own(own))
}

/// Returns an id as it stands, a string without its quotes.
pub(crate) fn id_text<'a>(doc: &Doc<'a>, id: u32) -> &'a [u8] {
    let node = doc.node(id);
    if node.kind == Kind::String {
        doc.inner(node)
    } else {
        doc.raw(node)
    }
}

/// Returns the name of a tool in the attributes of a span, event or log record, where these are a list of
/// pairs: `[{"key": "gen_ai.tool.name", "value": {"stringValue": …}}]`.
pub(crate) fn named_by_attributes<'a>(doc: &Doc<'a>, object: u32) -> Option<&'a [u8]> {
    let attributes = value_in(doc, object, b"attributes")?;
    doc.elements(attributes).find_map(|pair| {
        let name = string_in(doc, pair, b"key")?;
        if !TOOL_ATTRIBUTES.contains(&name) {
            return None;
        }
        let value = value_in(doc, pair, b"value")?;
        string_in(doc, value, b"stringValue")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{call_names, may_have_calls};
    use crate::json::scan::Tape;

    fn names(text: &str) -> Vec<(String, String)> {
        let mut tape = Tape::default();
        let doc = tape.scan(text.as_bytes(), 99).unwrap();
        let lossy = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        call_names(&doc)
            .into_iter()
            .map(|(id, name)| (lossy(id), lossy(name)))
            .collect()
    }

    #[test]
    fn a_call_is_known_in_every_shape() {
        for text in [
            r#"{"tool_calls":[{"id":"7","type":"function","function":{"name":"ls","arguments":"{}"}}]}"#,
            r#"{"tool_calls":[{"id":"7","function":"ls","arguments":{}}]}"#,
            r#"{"content":[{"type":"tool_use","id":"7","name":"ls","input":{}}]}"#,
            r#"{"tool_calls":[{"name":"ls","args":{},"id":"7","type":"tool_call"}]}"#,
            r#"{"type":"tool-call","toolCallId":"7","toolName":"ls","args":{}}"#,
            r#"{"part_kind":"tool-call","tool_name":"ls","tool_call_id":"7"}"#,
            r#"{"payload":{"type":"function_call","id":"fc_1","name":"ls","call_id":"7"}}"#,
            r#"{"payload":{"type":"custom_tool_call","call_id":"7","name":"ls","input":""}}"#,
            r#"{"type":"tool.execution_start","data":{"toolCallId":"7","toolName":"ls"},"id":"e"}"#,
            r#"{"toolRequests":[{"toolCallId":"7","name":"ls","type":"function"}]}"#,
            r#"{"parts":[{"functionCall":{"id":"7","name":"ls","args":{}}}]}"#,
            r#"{"parts":[{"function_response":{"id":"7","name":"ls","response":{}}}]}"#,
            r#"{"type":"toolRequest","id":"7","toolCall":{"status":"success","value":{"name":"ls"}}}"#,
            r#"{"content":[{"type":"toolCall","id":"7","name":"ls","arguments":{}}]}"#,
            r#"{"toolUse":{"toolUseId":"7","name":"ls","input":{}}}"#,
            r#"{"tool_calls":[{"tool_call_id":"7","function_name":"ls","arguments":{}}]}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"ls"}}"#,
            r#"{"jsonrpc":"2.0","id":"7","method":"tools/call","params":{"name":"ls"}}"#,
        ] {
            assert_eq!(names(text), [("7".to_owned(), "ls".to_owned())], "{text}");
            assert!(may_have_calls(text.as_bytes()), "{text}");
        }
        let shell = r#"{"type":"local_shell_call","id":"l","call_id":"7","action":{}}"#;
        assert_eq!(names(shell), [("7".to_owned(), "local_shell".to_owned())]);
        assert!(may_have_calls(shell.as_bytes()));
    }

    #[test]
    fn what_is_no_call_names_nothing() {
        for text in [
            r#"{"id":"7","name":"ls"}"#,
            r#"{"id":"7","type":"message","name":"ls"}"#,
            r#"{"id":7,"type":"tool_use","name":"ls"}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"prompts/get","params":{"name":"ls"}}"#,
            r#"{"type":"function_call_output","call_id":"7","output":"ls"}"#,
            r#"{"type":"tool_result","tool_use_id":"7","content":"ls"}"#,
            r#"{"function":{"name":"ls"}}"#,
        ] {
            assert_eq!(names(text), [], "{text}");
        }
        assert!(!may_have_calls(
            br#"{"type":"tool_result","tool_use_id":"7","content":"ls"}"#
        ));
        let mut members: Vec<String> = (0..16).map(|number| format!(r#""k{number}":0"#)).collect();
        members.push(r#""type":"tool_use","id":"7","name":"ls""#.to_owned());
        assert_eq!(names(&format!("{{{}}}", members.join(","))), []);
    }
}
