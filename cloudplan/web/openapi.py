"""The API as OpenAPI 3.1 says it: documents by their published schemas, options as the command line has them."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from cloudplan.base.program import program
from cloudplan.presentation.json_schema import FileFormat, schema_of
from cloudplan.web.options import Option
from cloudplan.web.verbs import COMPARISON, INVENTORY, LOGO, VERBS, Verb

PUBLISHED: tuple[FileFormat, ...] = ("workload", "prices", "terms", "rules", "plan")
_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}


def document(job: type[BaseModel], refusal: type[BaseModel], base: str) -> dict[str, Any]:
    """Return the description of the API; `job` and `refusal` are the models of its answers, `base` where it begins."""
    paths: dict[str, Any] = {f"/api/{verb.name}": {"post": _post(verb)} for verb in VERBS.values()}
    named = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    paths["/api/jobs"] = {
        "get": _get("All jobs, the newest first.", {"type": "object", "properties": {"jobs": _list(_ref("job"))}})
    }
    paths["/api/jobs/{id}"] = {
        "parameters": [named],
        "get": _get("A job: its state, how far it is, its faults and files.", _ref("job")),
        "delete": {
            "summary": "Remove a job and its files.",
            "responses": {"204": {"description": "It is gone."}, **_NONE, "409": _refused("It is not over.")},
        },
    }
    paths["/api/jobs/{id}/cancel"] = {
        "parameters": [named],
        "post": {
            "summary": "Let a job never begin, or end with the best that it found; asked again, at once and without.",
            "responses": {"202": _json("The job.", _ref("job")), **_NONE},
        },
    }
    file = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    paths["/api/jobs/{id}/files/{name}"] = {
        "parameters": [named, file],
        "get": {
            "summary": "A file that a job wrote.",
            "responses": {"200": {"description": "The file.", "content": {"application/octet-stream": {}}}, **_NONE},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "cloudplan serve", "version": program().partition(" ")[2]},
        "servers": [{"url": base or "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                **{name: published(name) for name in PUBLISHED},
                "job": _moved(job.model_json_schema(), "job"),
                "refusal": _moved(refusal.model_json_schema(), "refusal"),
            },
        },
    }


@cache
def published(name: FileFormat) -> dict[str, Any]:
    """Return a published schema as a component."""
    return _moved(schema_of(name), name)


def _moved(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a schema with the references to its own parts as they are from the root of the description."""
    text = json.dumps({key: value for key, value in schema.items() if key != "$schema"})
    moved: dict[str, Any] = json.loads(text.replace('"#/$defs/', f'"#/components/schemas/{name}/$defs/'))
    return moved


def _post(verb: Verb) -> dict[str, Any]:
    documents: dict[str, Any] = {}
    files: dict[str, Any] = {}
    for name in verb.documents:
        files[name] = {"type": "array", "items": _FILE} if name in (INVENTORY, LOGO) else _FILE
        if name not in (INVENTORY, LOGO):
            documents[name] = {"type": "object"} if name == COMPARISON else _ref(name)
    options = {name: _option(option) for name, option in verb.parameters.items()}
    others: dict[str, Any] = {**options, "formats": _list({"enum": list(verb.formats)})}
    needed: dict[str, Any] = {"required": [verb.needs]}
    if verb.needs in documents:
        others["job"] = {"type": "string", "description": "Instead of a document: the id of the job that made it."}
        needed = {"anyOf": [needed, {"required": ["job"]}]}
    schema = {"type": "object", "additionalProperties": False, **needed}
    content = {"multipart/form-data": {"schema": {**schema, "properties": {**files, **others}}}}
    if verb.needs in documents:
        content["application/json"] = {"schema": {**schema, "properties": {**documents, **others}}}
    return {
        "summary": f"A job: `cloudplan {verb.name}`.",
        "requestBody": {"required": True, "content": content},
        "responses": {
            "202": _json("The job, which waits for its turn.", _ref("job")),
            "400": _refused("What is wrong with the request, fault by fault."),
        },
    }


def _option(option: Option) -> dict[str, Any]:
    """Return the schema of an option of the command line."""
    said = {"description": option.help} if option.help else {}
    if option.is_flag:
        return {"type": "boolean", **said}
    kinds = ["number", "string"] if option.is_number else ["string"]
    one: dict[str, Any] = {"enum": list(option.choices)} if option.choices else {"type": kinds}
    return {**(_list(one) if option.is_list else one), **said}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _json(words: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _refused(words: str) -> dict[str, Any]:
    return _json(words, _ref("refusal"))


_NONE = {"404": _refused("There is none.")}


def _get(summary: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _json("As asked.", schema), **_NONE}}
