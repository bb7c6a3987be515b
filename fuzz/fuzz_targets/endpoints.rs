//! Our list of endpoints against a plain reading of it. An input is three lines: the list, a
//! method and a path. A `~` in the list stands for a secret, which no error may repeat.

#![no_main]

use libfuzzer_sys::fuzz_target;
use owui_keygate::limits::Endpoints;

const SECRET: &str = "sk-0123456789abcdef";

struct Rule<'a> {
    methods: Option<Vec<&'a str>>,
    path: &'a str,
    /// Whether a `$` ends the path.
    is_whole: bool,
}

impl<'a> Rule<'a> {
    fn read(entry: &'a str) -> Option<Self> {
        let words: Vec<&str> = entry.split_whitespace().collect();
        let (methods, path) = match words.len() {
            1 => (None, words[0]),
            2 => (Some(words[0].split('|').collect::<Vec<_>>()), words[1]),
            _ => return None,
        };
        let (path, is_whole) = match path.strip_suffix('$') {
            Some(path) => (path, true),
            None => (path, false),
        };
        let methods_fit = methods.iter().flatten().all(|method| is_method(method));
        let path_fits = path == "*" && !is_whole
            || path.starts_with('/') && !path.contains(['*', '?', '#']) && braces_fit(path);
        let is_shown = !holds_a_credential(entry);
        (methods_fit && path_fits && is_shown).then_some(Self {
            methods,
            path,
            is_whole,
        })
    }

    fn is_for(&self, method: &str) -> bool {
        self.methods.as_ref().is_none_or(|methods| {
            methods.contains(&method) || method == "HEAD" && methods.contains(&"GET")
        })
    }

    /// A rule ends with a slash where its last segment is empty; what is below that one begins
    /// with two slashes for every other reader of the path.
    fn covers(&self, method: &str, path: &str) -> bool {
        if self.path == "*" {
            return self.is_for(method);
        }
        let (rule, segments): (Vec<&str>, Vec<&str>) =
            (self.path.split('/').collect(), path.split('/').collect());
        let fits = |(wanted, found): (&&str, &&str)| {
            wanted == found && !is_parameter(wanted) || is_parameter(wanted) && is_plain(found)
        };
        if segments.len() < rule.len() || !rule.iter().zip(&segments).all(fits) {
            return false;
        }
        let Some((last, between)) = segments[rule.len()..].split_last() else {
            return self.is_for(method);
        };
        let below = &segments[rule.len()..];
        let is_covered = !self.is_whole
            && !self.path.ends_with('/')
            && ![".", ".."].contains(last)
            && !below.iter().any(|segment| is_read_again(segment))
            && between
                .iter()
                .all(|segment| !["", ".", ".."].contains(segment));
        is_covered && self.is_for(method)
    }
}

/// Whether a segment of a list stands for any one segment.
fn is_parameter(segment: &str) -> bool {
    let inner = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}'));
    inner.is_some_and(|name| {
        let mut characters = name.chars();
        let first = characters
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        first && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Whether each segment with a brace in it is a parameter.
fn braces_fit(path: &str) -> bool {
    path.split('/')
        .all(|segment| is_parameter(segment) || !segment.contains(['{', '}']))
}

/// Whether no server reads a segment as another one, or as none.
fn is_plain(segment: &str) -> bool {
    !["", ".", ".."].contains(&segment) && !is_read_again(segment)
}

/// A template that stands for a path: every other segment of it is a parameter.
fn template_of(path: &str) -> String {
    let segments = path.split('/').enumerate();
    let template = segments.map(|(place, segment)| match segment {
        "" => segment,
        _ if place % 2 == 0 => "{}",
        _ => segment,
    });
    template.collect::<Vec<_>>().join("/")
}

/// Whether a segment may become another one further on, as `%2e%2e` and `..;x` do.
fn is_read_again(segment: &str) -> bool {
    let is_control = |code| code < 0x20 || (0x7f..0xa0).contains(&code);
    let mut codes = segment.chars().map(u32::from);
    codes.any(|code| [0x25, 0x5c].contains(&code) || is_control(code))
        || segment.starts_with(".;")
        || segment.starts_with("..;")
}

/// Whether a word begins as keys and tokens do, is as long as they are and has a digit.
fn holds_a_credential(entry: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    entry.split(|c| !fits(c)).any(|word| {
        let begins_so = word.to_lowercase().starts_with("sk-") || word.starts_with("eyJ");
        begins_so && word.len() >= 19 && word[3..].contains(|c: char| c.is_ascii_digit())
    })
}

/// A token (RFC 9110, 5.6.2) without lower case.
fn is_method(text: &str) -> bool {
    let allowed = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    !text.is_empty() && text.chars().all(|c| allowed.contains(c))
}

fuzz_target!(|input: &str| {
    let mut lines = input.rsplitn(3, '\n');
    let (Some(path), Some(method), Some(list)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let list = list.replace('~', SECRET);
    let rules: Vec<_> = list.split(',').map(Rule::read).collect();
    match (
        Endpoints::parse(&list),
        rules.iter().position(Option::is_none),
    ) {
        (Ok(endpoints), None) => {
            let rules: Vec<Rule> = rules.into_iter().flatten().collect();
            let covered = rules.iter().any(|rule| rule.covers(method, path));
            assert_eq!(endpoints.cover(method, path), covered);
            assert!(!covered || endpoints.reach(Some(method), path));
            assert!(!covered || endpoints.reach(Some(method), &template_of(path)));
        }
        (Err(misread), Some(place)) => {
            assert_eq!(misread.entry, Some(place + 1));
            assert!(!misread.to_string().contains(SECRET), "{misread}");
        }
        (parsed, expected) => panic!("{parsed:?}, and the first wrong entry is {expected:?}"),
    }
});
