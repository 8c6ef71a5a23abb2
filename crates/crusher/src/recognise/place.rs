//! The payload path of a place, in the project's path language.

use crate::json::spelling;
use crate::json::tape::Doc;
use crate::recognise::facts::Test;

/// A longer key is data.
const MAX_KEY_BYTES: usize = 64;
/// A key with as many digits is an id.
const MAX_KEY_DIGITS: usize = 8;
/// A longer path names one place rather than a kind of place.
pub(super) const MAX_PATH_BYTES: usize = 1024;

/// Appends `.key`. False, where the key is an id or data: a path through it would fit one record only.
pub(super) fn key(raw: &[u8], path: &mut Vec<u8>) -> bool {
    let digits = raw.iter().filter(|byte| byte.is_ascii_digit()).count();
    if raw.len() > MAX_KEY_BYTES
        || digits >= MAX_KEY_DIGITS
        || (digits > 0 && digits == raw.len())
        || is_hexadecimal(raw)
    {
        return false;
    }
    path.push(b'.');
    name(raw, in_key, path)
}

/// Appends a test on an object. False, where no path can ask for it.
pub(super) fn test(doc: &Doc<'_>, test: &Test, path: &mut Vec<u8>) -> bool {
    let raw = |index| doc.inner(doc.node(index));
    let in_value = |byte| in_key(byte) || byte == b'.';
    path.push(b'{');
    let can_ask = match *test {
        Test::Has(key) => name(raw(key), in_key, path),
        Test::Is(key, value) => {
            let has_key = name(raw(key), in_key, path);
            path.push(b'=');
            name(raw(value), in_value, path) && has_key
        }
        Test::Begins(key, value, length) => {
            let has_key = name(raw(key), in_key, path);
            path.extend_from_slice(b"^=");
            name(raw(value).get(..length).unwrap_or_default(), in_value, path) && has_key
        }
        Test::Untyped => {
            path.extend_from_slice(b"!type");
            true
        }
    };
    path.push(b'}');
    can_ask
}

/// Appends a name as it is, or in quotes: in JSON's spelling it stands there already. False for a name with a
/// lone surrogate, which no path matches.
fn name(raw: &[u8], fits: impl Fn(u8) -> bool, path: &mut Vec<u8>) -> bool {
    if !raw.is_empty() && raw.iter().all(|byte| fits(*byte)) {
        path.extend_from_slice(raw);
        return true;
    }
    path.push(b'"');
    path.extend_from_slice(raw);
    path.push(b'"');
    !raw.contains(&b'\\') || spelling::decode(raw, &mut Vec::new())
}

fn in_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// True for 12 and more hexadecimal digits, a digit among them.
fn is_hexadecimal(raw: &[u8]) -> bool {
    raw.len() >= 12
        && raw.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
        && raw.iter().any(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn a_key_that_is_an_id_has_no_path() {
        for (raw, expected) in [
            ("output", Some(".output")),
            ("gen_ai.tool", Some(".\"gen_ai.tool\"")),
            ("observation_12", Some(".observation_12")),
            ("", Some(".\"\"")),
            ("deadbeefcafe", Some(".deadbeefcafe")),
            ("0f8c6e2a-77de", None),
            ("call_12345678", None),
            ("17", None),
        ] {
            let mut path = Vec::new();
            let fits = key(raw.as_bytes(), &mut path);
            assert_eq!(
                fits.then(|| String::from_utf8_lossy(&path).into_owned())
                    .as_deref(),
                expected
            );
        }
    }
}
