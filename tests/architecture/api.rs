//! Rule 5: the wire carries nothing a person typed, except what is on the closed list.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tests::server::Server;

/// Strings of the API that are neither ids, bytes nor closed sets: (schema, field, reason). A field of
/// `""` means the schema itself.
const PLAIN: &[(&str, &str, &str)] = &[
    ("Address", "", "mail is routed by it; it is the login name"),
    ("Invitation", "", "the server made it and must recognise it"),
    ("Cursor", "", "written by the server for itself: a time and an id"),
    ("ServerInfo", "domain", "the operator's, public"),
    ("ServerInfo", "version", "the program's, public"),
    ("ErrorBody", "message", "an English sentence written in the program"),
];

const ID: &str = "^[0-9a-f]{32}$";
const BYTES: &str = "^[A-Za-z0-9_-]*$";

async fn served() -> Result<Value> {
    let server = Server::start().await?;
    let text = server.get("/api/v1/openapi.json").await?;
    serde_json::from_str(&text).context("the API description is not JSON")
}

/// Walks a schema; reports every string that could hold what a person typed.
fn strings(schema: &Value, name: &str, field: &str, found: &mut Vec<String>) {
    let is_string = match &schema["type"] {
        Value::String(kind) => kind == "string",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
        _ => false,
    };
    if is_string {
        let closed = schema["enum"].is_array() || !schema["const"].is_null();
        let shaped = schema["pattern"].as_str().is_some_and(|pattern| pattern == ID || pattern == BYTES);
        let listed = PLAIN.iter().any(|(schema, plain, _)| *schema == name && *plain == field);
        if !closed && !shaped && !listed {
            found.push(format!("{name}.{field}"));
        }
    }
    match schema {
        Value::Object(map) => {
            for (key, inner) in map {
                match (key.as_str(), inner) {
                    ("properties", Value::Object(properties)) => {
                        for (property, schema) in properties {
                            strings(schema, name, property, found);
                        }
                    }
                    ("example" | "examples" | "enum" | "required" | "description", _) => {}
                    _ => strings(inner, name, field, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| strings(inner, name, field, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_string_on_the_wire_is_accounted_for() -> Result<()> {
    let api = served().await?;
    let schemas = api["components"]["schemas"].as_object().context("no schemas")?;
    ensure!(schemas.len() > 30, "only {} schemas: the description is not complete", schemas.len());
    let mut found = Vec::new();
    for (name, schema) in schemas {
        strings(schema, name.split('_').next().unwrap_or(name), "", &mut found);
    }
    let paths = api["paths"].as_object().context("no paths")?;
    for (path, item) in paths {
        for method in item.as_object().into_iter().flat_map(|item| item.values()) {
            for parameter in method["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap_or_default();
                let listed = [
                    ("address", "the directory is asked by address"),
                    ("before", "a cursor"),
                    ("x-hedgerow", "the guard, always 1"),
                ]
                .iter()
                .any(|(listed, _)| *listed == name);
                if !listed {
                    strings(&parameter["schema"], path, name, &mut found);
                }
            }
        }
    }
    ensure!(found.is_empty(), "plain strings on the wire that are on no list:\n  {}", found.join("\n  "));
    Ok(())
}

#[test]
fn the_walk_finds_a_planted_string() {
    let planted = serde_json::json!({"properties": {"subject": {"type": ["string", "null"]}}});
    let mut found = Vec::new();
    strings(&planted, "MessageView", "", &mut found);
    assert_eq!(found, ["MessageView.subject"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_the_reviewed_one() -> Result<()> {
    let mut api = served().await?;
    if let Some(info) = api["info"].as_object_mut() {
        info.remove("version");
    }
    if let Some(api) = api.as_object_mut() {
        api.remove("servers");
    }
    let now = serde_json::to_string_pretty(&api)? + "\n";
    let path = tests::sources::root().join("tests/snapshots/openapi.json");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, now)?;
        return Ok(());
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    if reviewed != now {
        let changed =
            now.lines().zip(reviewed.lines()).position(|(now, then)| now != then).unwrap_or_default();
        bail!(
            "the API differs from tests/snapshots/openapi.json from line {} on. Review the change, then run \
             UPDATE_SNAPSHOTS=1 cargo test -p tests --test architecture",
            changed + 1
        );
    }
    Ok(())
}
