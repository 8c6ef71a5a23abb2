//! Copies of a result that stand beside it and name neither a tool nor a call.

use crate::crush::found::{Content, Found, Payload};

/// Gives them the name of the tool, where all other payloads of their record are of one tool.
pub(crate) fn name_copies(found: &mut [Found]) {
    let mut name = None;
    if let Names::One = names(found, &mut name)
        && let Some(name) = name
    {
        give(found, &name);
    }
}

enum Names {
    One,
    Several,
}

fn names(found: &[Found], name: &mut Option<String>) -> Names {
    for one in found {
        match &one.content {
            Content::Payload(payload) if !payload.tool.is_empty() => match name {
                None => *name = Some(payload.tool.clone()),
                Some(known) if *known == payload.tool => {}
                Some(_) => return Names::Several,
            },
            Content::Embedded(embedded) => {
                if let Names::Several = names(&embedded.found, name) {
                    return Names::Several;
                }
            }
            Content::Payload(_) | Content::Keep | Content::Results => {}
        }
    }
    Names::One
}

fn give(found: &mut [Found], name: &str) {
    let is_copy = |payload: &Payload| payload.tool.is_empty() && !payload.names_call;
    for one in found {
        match &mut one.content {
            Content::Payload(payload) if is_copy(payload) => name.clone_into(&mut payload.tool),
            Content::Embedded(embedded) => give(&mut embedded.found, name),
            Content::Payload(_) | Content::Keep | Content::Results => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use super::name_copies;
    use crate::crush::found::{Content, Found, Payload};

    fn named(payloads: &[(&str, bool)]) -> Vec<String> {
        let payload = |(tool, names_call): &(&str, bool)| Payload {
            tool: (*tool).to_owned(),
            names_call: *names_call,
            ..Payload::default()
        };
        let found = payloads.iter().map(payload).map(Content::Payload);
        let mut found: Vec<Found> = found.map(|content| Found { node: 0, content }).collect();
        name_copies(&mut found);
        let tool = |found: Found| match found.content {
            Content::Payload(payload) => payload.tool,
            _ => panic!("all are payloads"),
        };
        found.into_iter().map(tool).collect()
    }

    #[test]
    fn only_a_copy_beside_results_of_one_tool_is_named() {
        assert_eq!(named(&[("", false), ("ls", true), ("ls", true)]), ["ls"; 3]);
        assert_eq!(
            named(&[("", false), ("ls", true), ("cat", true)]),
            ["", "ls", "cat"]
        );
        assert_eq!(named(&[("ls", true), ("", true)]), ["ls", ""]);
        assert_eq!(named(&[("", false), ("", false)]), ["", ""]);
    }
}
