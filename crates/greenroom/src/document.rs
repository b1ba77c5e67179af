//! The generated pages of `docs/`: what is served, and every dialect.

use std::fmt::Write as _;

use greenroom_emulator::command::{FidelityRow, FidelityTable};
use greenroom_model::{
    dialect::{Dialect, Preset, Row},
    evidence::Confidence,
};

const SOURCES: &str = "Sources are RFC clauses, the documents the project began with (seed 000 to 004), \
and sections of the project's research notes (`glp.md`, `central.md`, `pycentral.md`, `clients.md`), which \
trace each fact to HPE's pages, a capture, or a client's code. How sure a source makes us:\n";

fn sources() -> String {
    let meaning = |confidence: Confidence| format!("- **{}**: {}\n", confidence.name(), confidence.meaning());
    format!("{SOURCES}\n{}", Confidence::ALL.map(meaning).concat())
}

/// The services of a table: those with routes first, in order of their routes.
pub(crate) fn services(table: &FidelityTable) -> Vec<&str> {
    let named =
        table.routes.iter().map(|row| &row.service).chain(table.unserved.iter().map(|row| &row.service));
    named.fold(Vec::new(), |mut services, service| {
        if !services.contains(&service.as_str()) {
            services.push(service);
        }
        services
    })
}

/// `docs/fidelity.md`.
pub(crate) fn fidelity(table: &FidelityTable) -> String {
    let mut page = heading("What is served", "fidelity");
    page += "Every route states its source, how sure that source makes us, what of the original it leaves out, and \
             what it does where no source says what HPE does; this page is made of those statements. A running emulator shows the same at \
             `GET /_greenroom/v1/fidelity`, and `greenroom fidelity` on the command line.\n\n";
    page += &sources();
    page += "\nWhere no source settles what happens and a client would care, a [dialect](dialects.md) does.\n\n\
             ## Summary\n\n";
    page += &summary(table);
    for service in services(table) {
        let _ = write!(page, "\n## {service}\n");
        let routes: Vec<_> = table.routes.iter().filter(|row| row.service == service).collect();
        for row in &routes {
            page += &route(row);
        }
        let unserved: Vec<_> = table.unserved.iter().filter(|row| row.service == service).collect();
        if !unserved.is_empty() {
            page += "\nNot served at all:\n\n| operation | path | why not |\n|---|---|---|\n";
        }
        for row in unserved {
            let methods = row.methods.join(" ");
            let _ = writeln!(page, "| {} | `{methods} {}` | {} |", row.operation, row.path, row.reason);
        }
    }
    page
}

/// How much of each service there is. It stands in the README too.
fn summary(table: &FidelityTable) -> String {
    let mut text =
        "| service | routes | of them in part | how sure | besides, not served |\n|---|---|---|---|---|\n"
            .to_owned();
    let mut without_routes = Vec::new();
    for service in services(table) {
        let routes: Vec<_> = table.routes.iter().filter(|row| row.service == service).collect();
        if routes.is_empty() {
            without_routes.push(service);
            continue;
        }
        let in_part = routes.iter().filter(|row| !row.not_served.is_empty()).count();
        let sure = Confidence::ALL.map(|confidence| {
            let count = routes.iter().filter(|row| row.confidence == confidence.name()).count();
            (count > 0).then(|| format!("{count} {}", confidence.name()))
        });
        let sure: Vec<_> = sure.into_iter().flatten().collect();
        let besides = match table.unserved.iter().filter(|row| row.service == service).count() {
            0 => "nothing".to_owned(),
            1 => "1 kind of operation".to_owned(),
            count => format!("{count} kinds of operations"),
        };
        let _ =
            writeln!(text, "| {service} | {} | {in_part} | {} | {besides} |", routes.len(), sure.join(", "));
    }
    if !without_routes.is_empty() {
        let _ = writeln!(text, "\nServices that are not served at all: {}.", without_routes.join(", "));
    }
    text
}

fn route(row: &FidelityRow) -> String {
    let mut text = format!("\n### `{} {}`\n\n", row.method, row.path);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "- {name}: {value}");
    };
    line("in histories", &format!("`{}`", row.route));
    line("source", &format!("{} ({})", row.source, row.confidence));
    if let Some(needs) = &row.needs {
        line("permission", needs);
    }
    if !row.query.is_empty() {
        line("query", &row.query.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "));
    }
    if !row.limits.is_empty() {
        line("documented limit", &row.limits.join(", "));
    }
    if !row.not_served.is_empty() {
        line("not served", &row.not_served);
    }
    if !row.chosen.is_empty() {
        line("chosen, for no source says it", &row.chosen);
    }
    text
}

/// `docs/dialects.md`.
pub(crate) fn dialects() -> String {
    let mut page = heading("Dialects", "dialect");
    page += "A dialect is a behaviour that no source settles, or that sources contradict each other about: a \
             switch with a default, the source that speaks for the default, and how sure that source makes \
             us. `greenroom dialect` shows and sets those of a running emulator.\n\n";
    page += "| where | how |\n|---|---|\n\
             | command line of `serve` and `exec` | `--dialect exchange_expired=rfc8693`, `--dialect sdk` |\n\
             | a running emulator | `greenroom dialect exchange_expired=rfc8693` |\n\
             | control API | `POST /_greenroom/v1/dialect {\"exchange_expired\": \"rfc8693\"}`, `{\"preset\": \"sdk\"}` |\n\
             | world file | `dialect: {preset: sdk, exchange_expired: rfc8693}` |\n\n";
    page += "Three presets set every row: `live` (the default: the best evidence of what HPE does), `rfc` (what \
             the RFCs demand), `sdk` (what pycentral hopes for). `by_family` means that the services of HPE \
             GreenLake Platform and those of New Central differ, each as its own sources say; the other \
             values of such a row are for both.\n\n";
    page += &sources();
    let rows = Dialect::default().rows();
    let [rfc, sdk] = [Preset::Rfc, Preset::Sdk].map(|preset| Dialect::preset(preset).rows());
    let mut areas: Vec<&str> = rows.iter().map(|row| row.area.as_str()).collect();
    areas.sort_unstable_by_key(|area| rows.iter().position(|row| row.area == *area));
    areas.dedup();
    for area in areas {
        let _ = write!(page, "\n## {area}\n");
        for ((row, rfc), sdk) in rows.iter().zip(&rfc).zip(&sdk).filter(|((row, _), _)| row.area == area) {
            page += &dialect(row, rfc, sdk);
        }
    }
    page
}

fn dialect(row: &Row, rfc: &Row, sdk: &Row) -> String {
    let mut text = format!("\n### `{}`\n\n{}\n\n", row.name, row.about);
    // A form, such as "any duration", is no code.
    let value = |value: &String| match value.contains(' ') {
        true => value.clone(),
        false => format!("`{value}`"),
    };
    let values: Vec<_> = row.values.iter().map(value).collect();
    let _ = writeln!(text, "- values: {}", values.join(", "));
    let mut default = format!("- default: `{}`", row.default);
    for (preset, other) in [("rfc", rfc), ("sdk", sdk)] {
        if other.value != row.default {
            let _ = write!(default, "; preset `{preset}`: `{}`", other.value);
        }
    }
    let _ = writeln!(text, "{default}\n- source of the default: {} ({})", row.source, row.confidence);
    text
}

fn heading(title: &str, verb: &str) -> String {
    format!("<!-- Generated by `greenroom {verb} --markdown`. Do not edit. -->\n\n# {title}\n\n")
}
