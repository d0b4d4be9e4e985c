//! `GET /health` and `GET /openapi.json`: the whole API as OpenAPI 3.1.
//!
//! The routes stand in one table, the types are those of `wire`. A test compares the table with the
//! tables in the documentation of `wire`, another asks the router for every route of it.

use crate::app::App;
use crate::errors::{ApiError, ApiResult, Wire};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Router, routing::get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Info, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Required, ResponseBuilder,
};
use wire::{accounts as a, keys as k, mail as m, vault as v};

/// Health and the description of the API.
pub fn routes() -> Router<App> {
    Router::new().route("/health", get(health)).route("/openapi.json", get(document_json))
}

/// How the server is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Health {
    /// Always true; a server that cannot serve answers with an error.
    pub ok: bool,
}

/// Asks the database, so that a balancer sees more than a listening socket.
async fn health(State(app): State<App>) -> ApiResult<Wire<Health>> {
    app.db.read().await?.fetch_optional("SELECT 1", &[]).await?;
    Ok(Wire(Health { ok: true }))
}

async fn document_json() -> ApiResult<Response> {
    let text = document().to_pretty_json().map_err(|_| ApiError::internal("the API has no description"))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response())
}

type Schemas = Vec<(String, RefOr<Schema>)>;

/// What a request or reply holds.
#[derive(Clone)]
enum Body {
    Nothing,
    Json(RefOr<Schema>, fn(&mut Schemas)),
    Bytes,
    Events(RefOr<Schema>, fn(&mut Schemas)),
}

fn collect<T: ToSchema>(schemas: &mut Schemas) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

fn reference<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

fn json<T: ToSchema>() -> Body {
    Body::Json(reference::<T>(), collect::<T>)
}

fn list<T: ToSchema>() -> Body {
    Body::Json(ArrayBuilder::new().items(reference::<T>()).into(), collect::<T>)
}

fn messages_page() -> Body {
    let page = ObjectBuilder::new()
        .property("items", ArrayBuilder::new().items(reference::<m::MessageView>()))
        .required("items")
        .property("next", reference::<wire::page::Cursor>());
    Body::Json(Schema::from(page.build()).into(), |schemas| {
        collect::<m::MessageView>(schemas);
        collect::<wire::page::Cursor>(schemas);
    })
}

/// One route.
struct Route {
    method: HttpMethod,
    path: &'static str,
    query: &'static [&'static str],
    request: Body,
    reply: Body,
    session: bool,
}

fn routes_table() -> Vec<Route> {
    use Body::{Bytes, Nothing};
    use HttpMethod::{Delete, Get, Post, Put};
    let open =
        |method, path, request, reply| Route { method, path, query: &[], request, reply, session: false };
    let own =
        |method, path, request, reply| Route { method, path, query: &[], request, reply, session: true };
    let asked =
        |path, query, reply| Route { method: Get, path, query, request: Nothing, reply, session: true };
    vec![
        open(Get, "/health", Nothing, json::<Health>()),
        open(Get, "/server", Nothing, json::<a::ServerInfo>()),
        open(Post, "/accounts/start", json::<a::RegisterStartRequest>(), json::<a::RegisterStartResponse>()),
        open(Post, "/accounts", json::<a::RegisterRequest>(), json::<a::AccountView>()),
        open(Post, "/sessions/start", json::<a::LoginStartRequest>(), json::<a::LoginStartResponse>()),
        open(Post, "/sessions", json::<a::LoginFinishRequest>(), json::<a::AccountView>()),
        own(Get, "/sessions", Nothing, list::<a::SessionView>()),
        own(Put, "/sessions/current/label", json::<a::SessionLabel>(), Nothing),
        own(Delete, "/sessions/current", Nothing, Nothing),
        own(Delete, "/sessions/others", Nothing, Nothing),
        own(Delete, "/sessions/{id}", Nothing, Nothing),
        own(Get, "/account", Nothing, json::<a::AccountView>()),
        own(Post, "/account/state", json::<a::StateChange>(), json::<a::StateAccepted>()),
        own(
            Post,
            "/account/passphrase/start",
            json::<a::PassphraseStartRequest>(),
            json::<a::PassphraseStartResponse>(),
        ),
        own(Post, "/account/passphrase", json::<a::PassphraseFinishRequest>(), json::<a::StateAccepted>()),
        own(Post, "/account/recovery", json::<a::PhraseFinishRequest>(), json::<a::StateAccepted>()),
        open(Post, "/recovery/start", json::<a::RecoveryStartRequest>(), json::<a::RecoveryStartResponse>()),
        open(Post, "/recovery/open", json::<a::RecoveryOpenRequest>(), json::<a::RecoveryOpenResponse>()),
        open(Post, "/recovery", json::<a::RecoveryFinishRequest>(), json::<a::AccountView>()),
        own(Get, "/directory/{address}", Nothing, json::<k::DirectoryEntry>()),
        own(Get, "/mail/folders", Nothing, list::<m::FolderView>()),
        asked("/mail/folders/{id}/messages", &["before", "limit"], messages_page()),
        own(Get, "/mail/messages/{id}", Nothing, json::<m::MessageView>()),
        own(Post, "/mail/submissions", json::<m::SubmitRequest>(), json::<m::SubmitResponse>()),
        own(Put, "/mail/drafts/{id}", json::<m::DraftPut>(), json::<m::MessageView>()),
        own(Post, "/mail/actions", json::<m::ActionRequest>(), json::<m::ActionResponse>()),
        own(Put, "/vault/blobs/{id}", Bytes, Nothing),
        own(Get, "/vault/blobs/{id}", Nothing, Bytes),
        own(Get, "/vault/collections", Nothing, list::<v::CollectionView>()),
        own(Put, "/vault/collections/{id}", json::<v::CollectionPut>(), json::<v::CollectionView>()),
        asked("/vault/collections/{id}/items", &["since"], json::<v::ItemPage>()),
        own(Put, "/vault/collections/{id}/items/{item}", json::<v::ItemPut>(), json::<v::ItemView>()),
        asked("/vault/changes", &["since"], json::<v::Changes>()),
        own(Get, "/vault/events", Nothing, Body::Events(reference::<v::Notice>(), collect::<v::Notice>)),
    ]
}

fn text(pattern: Option<&str>) -> Schema {
    ObjectBuilder::new().schema_type(Type::String).pattern(pattern).build().into()
}

fn path_parameter(name: &str) -> Parameter {
    let schema = match name {
        "address" => reference::<wire::plaintext::Address>(),
        _ => text(Some("^[0-9a-f]{32}$")).into(),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .build()
}

fn query_parameter(name: &str) -> Parameter {
    let schema: RefOr<Schema> = match name {
        "before" => reference::<wire::page::Cursor>(),
        _ => Schema::from(ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build()).into(),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .schema(Some(schema))
        .build()
}

fn guard_parameter() -> Parameter {
    ParameterBuilder::new()
        .name(wire::GUARD_HEADER)
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .schema(Some(RefOr::from(text(Some("^1$")))))
        .build()
}

fn content(body: &Body) -> Option<(&'static str, RefOr<Schema>)> {
    match body {
        Body::Nothing => None,
        Body::Json(schema, _) => Some(("application/json", schema.clone())),
        Body::Events(schema, _) => Some(("text/event-stream", schema.clone())),
        Body::Bytes => {
            let bytes = ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::Custom("binary".into())));
            Some(("application/octet-stream", Schema::from(bytes.build()).into()))
        }
    }
}

fn operation(route: &Route) -> OperationBuilder {
    let room = route.path.split('/').nth(1).unwrap_or_default();
    let mut operation = OperationBuilder::new().tag(match room {
        "server" | "sessions" | "account" | "recovery" => "accounts",
        "directory" => "keys",
        "health" => "admin",
        room => room,
    });
    for part in route.path.split('/') {
        if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            operation = operation.parameter(path_parameter(name));
        }
    }
    for name in route.query {
        operation = operation.parameter(query_parameter(name));
    }
    if route.method != HttpMethod::Get {
        operation = operation.parameter(guard_parameter());
    }
    if let Some((kind, schema)) = content(&route.request) {
        let body = RequestBodyBuilder::new()
            .content(kind, ContentBuilder::new().schema(Some(schema)).build())
            .required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    let success = match content(&route.reply) {
        None => ("204", ResponseBuilder::new().description("Done")),
        Some((kind, schema)) => (
            "200",
            ResponseBuilder::new()
                .description("Done")
                .content(kind, ContentBuilder::new().schema(Some(schema)).build()),
        ),
    };
    let refusal = ResponseBuilder::new().description("Refused").content(
        "application/json",
        ContentBuilder::new().schema(Some(reference::<wire::error::ErrorBody>())).build(),
    );
    operation = operation.response(success.0, success.1.build()).response("default", refusal.build());
    if route.session {
        operation = operation.security(SecurityRequirement::new("session", Vec::<String>::new()));
    }
    operation
}

/// The description of the API.
pub fn document() -> OpenApi {
    let mut paths = Paths::new();
    let mut schemas = Schemas::new();
    collect::<wire::error::ErrorBody>(&mut schemas);
    collect::<wire::plaintext::Address>(&mut schemas);
    for route in routes_table() {
        for body in [&route.request, &route.reply] {
            if let Body::Json(_, gather) | Body::Events(_, gather) = body {
                gather(&mut schemas);
            }
        }
        let path = format!("{}{}", wire::API, route.path);
        paths.add_path_operation(path, vec![route.method.clone()], operation(&route).build());
    }
    let mut components = Components::new();
    components.schemas.extend(schemas);
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(crate::auth::COOKIE))),
    );
    OpenApiBuilder::new()
        .info(Info::new("Hedgerow", env!("CARGO_PKG_VERSION")))
        .paths(paths)
        .components(Some(components))
        .build()
}

/// Every route as `METHOD /path`, in the order of the table.
pub fn route_names() -> Vec<String> {
    routes_table()
        .iter()
        .map(|route| {
            let method = match route.method {
                HttpMethod::Post => "POST",
                HttpMethod::Put => "PUT",
                HttpMethod::Delete => "DELETE",
                _ => "GET",
            };
            format!("{method} {}", route.path)
        })
        .collect()
}
