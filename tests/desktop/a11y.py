"""What a screen reader sees, and what it can press.

    a11y.py tree PID                   the controls of a process as JSON lines
    a11y.py press PID NAME [ROLE …]    does the action of the first enabled control so named; `Train *` is a pattern

Run as a process of its own for every look: libatspi caches the tree and, without a main loop, never learns of changes.
"""

import fnmatch
import json
import sys

# Roles a person operates; each must have a name, or a screen reader says only "button".
CONTROLS = {
    "push button", "button", "toggle button", "check box", "radio button", "combo box", "entry", "text", "password text",
    "spin button", "slider", "menu item", "check menu item", "radio menu item", "page tab", "link", "list item", "switch",
    "table column header", "column header",
}  # fmt: skip
# A list item or a text may be a mere container or a paragraph; only these roles make it a control.
NEEDS_ACTION = {"list item", "text", "column header", "table column header"}
DEPTH_LIMIT, NODE_LIMIT = 60, 20_000


def application(pid):
    import pyatspi

    desktop = pyatspi.Registry.getDesktop(0)
    for i in range(desktop.childCount):
        app = desktop.getChildAtIndex(i)
        if app is not None and app.get_process_id() == pid:
            return app
    sys.exit(f"process {pid} is not on the accessibility bus")


def walk(node, depth=0, budget=None):
    budget = budget if budget is not None else [NODE_LIMIT]
    if depth > DEPTH_LIMIT or budget[0] <= 0:
        return
    budget[0] -= 1
    yield node, depth
    for i in range(node.childCount):
        child = node.getChildAtIndex(i)
        if child is not None:
            yield from walk(child, depth + 1, budget)


def actions(node):
    try:
        found = node.queryAction()
        return [found.getName(i) for i in range(found.nActions)]
    except NotImplementedError:
        return []


def labelled(node):
    """The name, or the text of what labels it."""
    import pyatspi

    if node.name.strip():
        return node.name
    for relation in node.getRelationSet() or []:
        if relation.getRelationType() == pyatspi.RELATION_LABELLED_BY:
            return " ".join(relation.getTarget(i).name for i in range(relation.getNTargets()))
    return ""


def describe(node, depth):
    import pyatspi

    states = node.getState()
    role = node.getRoleName()
    return {
        "depth": depth,
        "role": role,
        "name": labelled(node),
        "enabled": states.contains(pyatspi.STATE_SENSITIVE) or states.contains(pyatspi.STATE_ENABLED),
        "editable": states.contains(pyatspi.STATE_EDITABLE),
        "actions": actions(node),
    }


def is_nameless_control(control):
    if control["name"].strip() or control["role"] not in CONTROLS:
        return False
    return control["role"] not in NEEDS_ACTION or bool(control["actions"]) or control["editable"]


def press(app, pattern, roles):
    for node, depth in walk(app):
        found = describe(node, depth)
        fits = fnmatch.fnmatchcase(found["name"], pattern) and (not roles or found["role"] in roles)
        if fits and found["enabled"] and found["actions"]:
            node.queryAction().doAction(0)
            print(json.dumps(found))
            return
    sys.exit(f"nothing enabled is called {pattern!r}" + (f" among {', '.join(roles)}" if roles else ""))


def main():
    command, pid = sys.argv[1], int(sys.argv[2])
    app = application(pid)
    if command == "tree":
        for node, depth in walk(app):
            print(json.dumps(describe(node, depth), ensure_ascii=False))
    elif command == "press":
        press(app, sys.argv[3], sys.argv[4:])
    else:
        sys.exit(f"unknown command {command}")


if __name__ == "__main__":
    main()
