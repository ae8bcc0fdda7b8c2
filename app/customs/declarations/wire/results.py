"""The ``Results`` envelope: declarations, wherever they were made, each with what the authority said of it."""

from app.customs.declarations.wire.declaration import declaration_of, fill_declaration
from app.customs.declarations.wire.messages import Result
from app.customs.declarations.wire.response import fill_response, notice_of
from app.customs.declarations.wire.xml import DECLARATION, RESPONSE, RESULTS, Node, checked, parse

SCHEMA = "results.xsd"


def write_results(results: tuple[Result, ...]) -> bytes:
    """
    Write an envelope.

    :raises WireFault: its content does not fit the form.
    """
    root = Node.root("Results", RESULTS)
    for result in results:
        each = root.add("Result").element
        fill_declaration(Node(each, DECLARATION).add("Declaration"), result.declaration)
        for notice in result.notices:
            fill_response(Node(each, RESPONSE).add("Response"), notice)
    return checked(root.element, SCHEMA)


def read_results(content: bytes) -> tuple[Result, ...]:
    """
    Read an envelope.

    :raises WireFault: it is none.
    """
    root = Node(parse(content, root=f"{{{RESULTS}}}Results", schema=SCHEMA), RESULTS)
    return tuple(_result(each) for each in root.all("Result"))


def _result(node: Node) -> Result:
    (declaration,) = Node(node.element, DECLARATION).all("Declaration")
    return Result(
        declaration_of(declaration),
        tuple(notice_of(each) for each in Node(node.element, RESPONSE).all("Response")),
    )
