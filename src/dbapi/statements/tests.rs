use super::super::binding::Arguments;
use super::super::placeholder::ParamStyle;
use super::*;
use crate::types::{Datum, Dialect, Param};

const DIALECT: Dialect = Dialect {
    standard_strings: true,
    sql_intervals: false,
};

fn key<'a>(sql: &'a str, params: &'a [Param<'a>]) -> Key<'a> {
    let arguments = Some(Arguments::Positional(params));
    Key::new(sql, ParamStyle::Pyformat, arguments, params, DIALECT)
}

fn shape(sql: &str) -> Shape {
    Shape::new(format!("{sql}\0").into(), &Order::default(), 0)
}

fn statements(most: u32) -> Statements {
    let mut statements = Statements::new(Preparing { threshold: 3, most }, 7);
    statements.learn(Trust::Direct, true);
    statements
}

fn use_it(statements: &mut Statements, sql: &str) -> &'static str {
    let key = key(sql, &[]);
    match statements.look(&key, key.hash(), ResultFormat::Auto) {
        Known::New => "new",
        Known::Once => {
            statements.keep(&key, key.hash(), shape(sql));
            "once"
        }
        Known::Kept(_, Way::Plain { ask: false }) => "plain",
        Known::Kept(_, Way::Plain { ask: true }) => "ask",
        Known::Kept(_, Way::Prepare(name)) => {
            let reply = Reply {
                tag: "UPDATE 1".into(),
                ..Reply::default()
            };
            statements.prepared(key.hash(), name, &reply);
            "prepare"
        }
        Known::Kept(_, Way::Prepared(_)) => "prepared",
    }
}

#[test]
fn the_third_use_prepares() {
    let mut all = statements(10);
    let uses: Vec<_> = (0..5).map(|_| use_it(&mut all, "SELECT 1")).collect();
    assert_eq!(uses, ["new", "once", "prepare", "prepared", "prepared"]);
    // A command gains nothing.
    let uses: Vec<_> = (0..4).map(|_| use_it(&mut all, "NOTIFY a")).collect();
    assert_eq!(uses, ["new", "once", "plain", "plain"]);
}

#[test]
fn nothing_is_prepared_where_a_pooler_is_or_nobody_has_asked() {
    let mut all = statements(10);
    all.learn(Trust::Pooled, true);
    let uses: Vec<_> = (0..4).map(|_| use_it(&mut all, "SELECT 1")).collect();
    assert_eq!(uses, ["new", "once", "plain", "plain"]);
    all.learn(Trust::Unknown, false);
    assert_eq!(use_it(&mut all, "SELECT 1"), "ask");
}

#[test]
fn the_least_recently_used_goes_and_is_closed() {
    let mut all = statements(2);
    for sql in ["SELECT 1", "SELECT 2"] {
        (0..4).for_each(|_| _ = use_it(&mut all, sql));
    }
    assert_eq!(use_it(&mut all, "SELECT 1"), "prepared");
    (0..3).for_each(|_| _ = use_it(&mut all, "SELECT 3"));
    assert_eq!(all.take_to_close().len(), 1);
    assert_eq!(use_it(&mut all, "SELECT 1"), "prepared");
    assert_eq!(use_it(&mut all, "SELECT 3"), "prepared");
    assert_ne!(use_it(&mut all, "SELECT 2"), "prepared");
}

#[test]
fn what_may_change_a_meaning_prepares_anew() {
    for (tag, rows, changes) in [
        ("SELECT 3", true, false),
        ("SELECT 3", false, true),
        ("INSERT 0 1", false, false),
        ("CREATE TABLE", false, true),
        ("SET", false, true),
        ("DISCARD ALL", false, true),
        ("DEALLOCATE", false, true),
        ("PREPARE TRANSACTION", false, false),
    ] {
        let mut all = statements(2);
        (0..3).for_each(|_| _ = use_it(&mut all, "SELECT 1"));
        all.saw(&tag.into(), rows, "");
        assert_eq!(all.take_to_close().len(), usize::from(changes), "{tag}");
        let next = use_it(&mut all, "SELECT 1");
        // Not before it is known again how floats are written.
        assert_eq!(next, if changes { "ask" } else { "prepared" }, "{tag}");
    }
}

#[test]
fn the_end_of_a_transaction_undoes_changes_too() {
    let mut all = statements(2);
    all.saw(&"CREATE TABLE".into(), false, "");
    all.learn(Trust::Direct, true);
    (0..3).for_each(|_| _ = use_it(&mut all, "SELECT 1"));
    assert_eq!(use_it(&mut all, "SELECT 1"), "prepared");
    all.end_transaction();
    assert_eq!(use_it(&mut all, "SELECT 1"), "ask");
    all.learn(Trust::Direct, true);
    assert_eq!(use_it(&mut all, "SELECT 1"), "prepare");
    all.end_transaction();
    assert_eq!(use_it(&mut all, "SELECT 1"), "prepared");
}

#[test]
fn parameters_of_other_types_are_another_statement() {
    let params = |datum, oid| [Param { oid, datum }];
    let all = [
        params(Datum::Int(1), 0),
        params(Datum::Int(1 << 40), 0),
        params(Datum::Int(1), 20),
        params(Datum::Text("a"), 0),
        params(Datum::Null, 0),
        params(Datum::Null, 25),
        params(Datum::Text("a"), 25),
    ];
    // int8 is int8, however it came to be.
    let known: std::collections::BTreeSet<u64> =
        all.iter().map(|params| key("a", params).hash()).collect();
    assert_eq!(known.len(), all.len() - 2);
    let named = |names: &[&str]| {
        let arguments = Some(Arguments::Named(names, &all[0]));
        Key::new("a", ParamStyle::Pyformat, arguments, &all[0], DIALECT).hash()
    };
    assert_ne!(named(&["a"]), named(&["b"]));
    let bare = Key::new("a", ParamStyle::Pyformat, None, &[], DIALECT);
    assert_ne!(bare.hash(), key("a", &[]).hash());
}

#[test]
fn switched_off_it_keeps_nothing() {
    let mut all = statements(2);
    (0..3).for_each(|_| _ = use_it(&mut all, "SELECT 1"));
    all.set(Preparing {
        threshold: 0,
        most: 2,
    });
    assert_eq!(all.take_to_close().len(), 1);
    assert_eq!(use_it(&mut all, "SELECT 1"), "new");
    assert_eq!(use_it(&mut all, "SELECT 1"), "new");
}

#[test]
fn a_plan_holds_until_something_prepared_goes_and_its_use_counts() {
    let mut all = statements(2);
    for sql in ["SELECT 1", "SELECT 2"] {
        (0..3).for_each(|_| _ = use_it(&mut all, sql));
    }
    let one = key("SELECT 1", &[]);
    let plan = all
        .plan(one.hash(), ResultFormat::Auto, |_| true)
        .expect("it is prepared");
    assert!(plan.is_for(&one, ResultFormat::Auto, false));
    assert!(!plan.is_for(&one, ResultFormat::Text, false));
    assert!(!plan.is_for(&key("SELECT 2", &[]), ResultFormat::Auto, false));
    let closings = all.closings();
    assert!(all.holds(&plan, closings));
    assert_eq!(use_it(&mut all, "SELECT 2"), "prepared");
    assert!(all.holds(&plan, closings));
    // The first was used last, though nobody asked for it: the second goes.
    (0..2).for_each(|_| _ = use_it(&mut all, "SELECT 3"));
    assert_eq!(all.take_to_close().len(), 1);
    assert!(!all.holds(&plan, closings));
    assert_eq!(use_it(&mut all, "SELECT 1"), "prepared");
    assert_ne!(use_it(&mut all, "SELECT 2"), "prepared");
    let closings = all.closings();
    all.saw(&"CREATE TABLE".into(), false, "");
    assert!(!all.holds(&plan, closings));
}
