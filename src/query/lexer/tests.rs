//! Tokens, their places, and texts that are none.

use super::*;

fn kinds(text: &str) -> Vec<Kind> {
    tokens(text).unwrap().into_iter().map(|token| token.kind).collect()
}

#[test]
fn names_texts_and_numbers() {
    let found = kinds(r#"a "b \" c" 'it\'s' 12 1.5 .5 1h30m 3µs"#);
    assert_eq!(
        found,
        [
            Kind::Word("a".into()),
            Kind::Quoted("b \" c".into()),
            Kind::Text("it's".into()),
            Kind::Integer(12),
            Kind::Number(1.5),
            Kind::Number(0.5),
            Kind::Duration(5_400_000_000_000),
            Kind::Duration(3_000),
            Kind::End,
        ]
    );
}

#[test]
fn a_slash_divides_or_begins_an_expression() {
    assert_eq!(kinds("a / 2")[1], Kind::Symbol("/"));
    assert_eq!(kinds("(a)/b/c")[3], Kind::Symbol("/"));
    assert_eq!(kinds(r"x =~ /a\/b\./")[2], Kind::Pattern(r"a/b\.".into()));
    assert_eq!(kinds("from /m/, /n/")[3], Kind::Pattern("n".into()));
}

#[test]
fn comments_are_blanks_and_places_are_counted() {
    let found = tokens("a -- b\n  c").unwrap();
    assert_eq!(found[1].place, Place { line: 2, char: 3 });
}

#[test]
fn what_is_no_token_is_named() {
    for (text, shown) in [
        ("'open", "found `'open`, expected a closing quote at line 1, char 1"),
        ("a ~", "found `~`, expected InfluxQL at line 1, char 3"),
        ("5parsecs", "found `5parsecs`, expected a duration like 5m or 1h30m at line 1, char 1"),
        (
            "99999999999999999999",
            "found `99999999999999999999`, expected a number that fits 64 bits at line 1, char 1",
        ),
        ("=~ /open", "found `/open`, expected a closing / at line 1, char 4"),
    ] {
        assert_eq!(tokens(text).unwrap_err().to_string(), shown);
    }
}
