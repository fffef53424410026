//! Filtering the log and writing it as CSV. Pure.

use crate::domain::activity::{Event, ObjectKind};
use crate::state::format::date_time;
use crate::state::messages::sentence;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub kind: Option<ObjectKind>,
    pub who: Option<String>,
    /// Words that must all occur, in any case.
    pub text: String,
}

impl Filter {
    pub fn is_empty(&self) -> bool {
        self.kind.is_none() && self.who.is_none() && self.text.trim().is_empty()
    }

    fn lets_through(&self, event: &Event) -> bool {
        let e = &event.event;
        let words = format!("{} {} {} {}", e.action, e.object, e.summary, sentence(e)).to_lowercase();
        self.kind.is_none_or(|kind| event.event.object_kind == kind)
            && self.who.as_ref().is_none_or(|who| event.who == *who)
            && self.text.to_lowercase().split_whitespace().all(|word| words.contains(word))
    }
}

pub fn filtered<'a>(events: &'a [Event], filter: &Filter) -> Vec<&'a Event> {
    events.iter().filter(|event| filter.lets_through(event)).collect()
}

/// Everyone in the log, sorted.
pub fn people(events: &[Event]) -> Vec<String> {
    let mut all: Vec<String> = events.iter().map(|e| e.who.clone()).collect();
    all.sort();
    all.dedup();
    all
}

/// With a header line; times in both readable and exact form.
pub fn to_csv(events: &[&Event]) -> String {
    let mut out = String::from("time,at_ms,who,action,object_kind,object,summary\n");
    for event in events {
        let e = &event.event;
        let fields = [
            date_time(event.at_ms),
            event.at_ms.to_string(),
            event.who.clone(),
            e.action.clone(),
            e.object_kind.as_str().to_owned(),
            e.object.clone(),
            e.summary.clone(),
        ];
        out.push_str(&fields.map(|f| quoted(&f)).join(","));
        out.push('\n');
    }
    out
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// "check_run" as words: "Check run".
pub fn kind_title(kind: ObjectKind) -> String {
    let words = kind.as_str().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::fixture;

    #[test]
    fn filters_hold_together() {
        let events = vec![
            fixture::event(2, "ann", ObjectKind::Run, "Trained Decision tree, ROC AUC 0.84"),
            fixture::event(1, "ben", ObjectKind::Dataset, "Imported churn.csv: 20,000 rows"),
        ];
        let by = |filter: Filter| filtered(&events, &filter).iter().map(|e| e.id.0).collect::<Vec<_>>();
        assert_eq!(by(Filter::default()), [2, 1]);
        assert_eq!(by(Filter { text: "CHURN imported".into(), ..Filter::default() }), [1]);
        assert_eq!(by(Filter { kind: Some(ObjectKind::Run), ..Filter::default() }), [2]);
        assert_eq!(
            by(Filter { who: Some("ben".into()), kind: Some(ObjectKind::Run), ..Filter::default() }),
            Vec::<i64>::new()
        );
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        let event = fixture::event(1, "ann", ObjectKind::Dataset, "Imported \"a,b\"");
        assert!(to_csv(&[&event]).ends_with(",ann,did,dataset,thing,\"Imported \"\"a,b\"\"\"\n"));
    }
}
