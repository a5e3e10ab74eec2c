// SPDX-License-Identifier: Apache-2.0
//
// Lists the mutants of a contract: small changes, each of which a test should notice. They are found in the compiler's
// syntax tree, so comments and strings are never taken for code.
"use strict";

// An operator's neighbour, where a boundary or a sign is easily got wrong. Whether a condition is checked at all is
// another mutant, so "==" has no neighbour.
const OPERATORS = {
  "+": "-", "-": "+", "*": "/", "/": "*", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "&&": "||", "||": "&&", "|": "&",
  "^": "&", "<<": ">>", ">>": "<<", "+=": "-=", "|=": "&=", "++": "--",
};
// Either operand alone must not do for these.
const JOINING = new Set(["&&", "||", "&"]);
const ASSEMBLY = { lt: "gt", gt: "lt", or: "and", shr: "shl" };
const ROLES = { DEFAULT_ADMIN_ROLE: "OPERATOR_ROLE", OPERATOR_ROLE: "PAUSER_ROLE", PAUSER_ROLE: "DEFAULT_ADMIN_ROLE" };

const startOf = (node) => Number(node.src.split(":")[0]);
const endOf = (node) => startOf(node) + Number(node.src.split(":")[1]);
const typeOf = (node) => node.typeDescriptions?.typeString;

// The step of a loop is left as it is, because a loop that does not end shows nothing.
const SKIPPED = new Set(["typeDescriptions", "documentation", "loopExpression"]);

/** Return the nodes of a tree, each with the name of the function or declaration it belongs to. */
function* walk(node, place = "contract") {
  if (Array.isArray(node)) {
    for (const item of node) yield* walk(item, place);
  } else if (node && typeof node === "object") {
    const named = node.nodeType === "FunctionDefinition" || (node.nodeType === "VariableDeclaration" && node.stateVariable);
    const here = named ? node.name || node.kind : place;
    if (node.nodeType) yield [node, here];
    if (node.nodeType === "ModifierInvocation") return;
    for (const [key, child] of Object.entries(node)) {
      if (!SKIPPED.has(key)) yield* walk(child, here);
    }
  }
}

/** Return the only statement of a branch without braces. */
function onlyStatement(node) {
  return node.falseBody || node.trueBody.nodeType === "Block" ? undefined : node.trueBody;
}

/** Edits of one node, as [start, end, replacement]. */
class Editor {
  constructor(text) {
    this.text = text;
    this.covered = new Set();
  }

  of(node) {
    return this.text.slice(startOf(node), endOf(node));
  }

  whole(node, replacement) {
    return [startOf(node), endOf(node), replacement];
  }

  /** Replace an operator that stands between two positions. */
  operator(from, to, name) {
    const at = this.text.indexOf(name, from);
    return OPERATORS[name] && at >= from && at < to ? [[at, at + name.length, OPERATORS[name]]] : [];
  }

  /** Return where a statement ends; its semicolon may or may not be part of the node. */
  endOfStatement(node) {
    return endOf(node) + Number(this.text[endOf(node)] === ";");
  }

  deletion(node) {
    return this.covered.has(node) ? [] : [[startOf(node), this.endOfStatement(node), ""]];
  }

  /** Swap neighbours of the same type. */
  swaps(nodes) {
    return nodes.slice(1).flatMap((right, i) => {
      const left = nodes[i];
      if (!left || !right || typeOf(left) !== typeOf(right)) return [];
      const between = this.text.slice(endOf(left), startOf(right));
      return [[startOf(left), endOf(right), this.of(right) + between + this.of(left)]];
    });
  }

  unchecked(node) {
    const code = this.text.slice(startOf(node), this.endOfStatement(node));
    return / [+*-]=? /.test(code) ? [[startOf(node), this.endOfStatement(node), `unchecked { ${code} }`]] : [];
  }
}

const EDITS = {
  BinaryOperation(node, edit) {
    const { leftExpression: left, rightExpression: right, operator } = node;
    const edits = edit.operator(endOf(left), startOf(right), operator);
    if (JOINING.has(operator)) edits.push(edit.whole(node, edit.of(left)), edit.whole(node, edit.of(right)));
    return edits;
  },
  UnaryOperation(node, edit) {
    if (OPERATORS[node.operator]) return edit.operator(startOf(node), endOf(node), node.operator);
    return node.operator === "!" || node.operator === "~" ? [edit.whole(node, edit.of(node.subExpression))] : [];
  },
  Assignment(node, edit) {
    const edits = edit.operator(endOf(node.leftHandSide), startOf(node.rightHandSide), node.operator);
    if (node.operator !== "=") edits.push(edit.whole(node, `${edit.of(node.leftHandSide)} = ${edit.of(node.rightHandSide)}`));
    return edits;
  },
  Conditional: (node, edit) => [node.trueExpression, node.falseExpression].map((branch) => edit.whole(node, edit.of(branch))),
  IfStatement(node, edit) {
    // Deleting the branch would be the same as never taking it.
    edit.covered.add(onlyStatement(node));
    const values = node.trueBody.nodeType === "RevertStatement" ? ["false"] : ["true", "false"];
    return values.map((value) => edit.whole(node.condition, value));
  },
  Literal(node, edit) {
    if (node.kind === "string") return [edit.whole(node, '"mutant"')];
    // In a mask, a shift or a zero address another number is too wrong to be missed.
    if (node.kind !== "number" || /(address\(|[&|^<>] )$/.test(edit.text.slice(0, startOf(node)))) return [];
    return [edit.whole(node, edit.of(node).replace(/^\w+/, (digits) => (BigInt(digits) + 1n).toString()))];
  },
  Identifier: (node, edit) => (ROLES[node.name] ? [edit.whole(node, ROLES[node.name])] : []),
  MemberAccess: (node, edit) => (/^type\(uint\d+\)\.max$/.test(edit.of(node)) ? [edit.whole(node, `(${edit.of(node)} - 1)`)] : []),
  FunctionCall: (node, edit) => edit.swaps(node.arguments),
  TupleExpression: (node, edit) => edit.swaps(node.components),
  ModifierInvocation: (node, edit) => edit.deletion(node),
  ExpressionStatement: (node, edit) => [...edit.deletion(node), ...edit.unchecked(node)],
  EmitStatement: (node, edit) => edit.deletion(node),
  Continue: (node, edit) => edit.deletion(node),
  Return(node, edit) {
    const negated = node.expression && typeOf(node.expression) === "bool";
    const edits = negated ? [edit.whole(node.expression, `!(${edit.of(node.expression)})`)] : [];
    return [...edits, ...edit.deletion(node), ...edit.unchecked(node)];
  },
  VariableDeclarationStatement(node, edit) {
    if (node.declarations.length !== 1 || !node.initialValue) return [];
    return edit.unchecked(node).map(([start, end]) => {
      const { name } = node.declarations[0];
      return [start, end, `${edit.of(node.declarations[0])}; unchecked { ${name} = ${edit.of(node.initialValue)}; }`];
    });
  },
  YulExpressionStatement: (node, edit) => edit.deletion(node),
  YulAssignment: (node, edit) => edit.deletion(node),
  YulFunctionCall(node, edit) {
    const { name } = node.functionName;
    if (name === "iszero" || name === "not") return [edit.whole(node, edit.of(node.arguments[0]))];
    const edits = ASSEMBLY[name] ? [edit.whole(node.functionName, ASSEMBLY[name])] : [];
    if (name === "and" || name === "or") edits.push(...node.arguments.map((argument) => edit.whole(node, edit.of(argument))));
    return edits;
  },
  YulLiteral: (node, edit) => (node.kind === "number" ? [edit.whole(node, (BigInt(node.value) + 1n).toString())] : []),
};

/** Return the source's code around an edit, on one line: the lines it touches. */
function excerpt(text, start, end) {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const until = text.indexOf("\n", end);
  return text.slice(from, until === -1 ? text.length : until).trim().replace(/\s+/g, " ");
}

/**
 * Return the mutants of a source, given its syntax tree, as {id, source}. An id names the function and shows the
 * changed lines before and after, so it survives changes elsewhere in the file.
 */
function listMutants(text, tree) {
  const edit = new Editor(text);
  const mutants = new Map();
  const used = new Map();
  for (const [node, place] of walk(tree.nodes.filter((node) => node.nodeType === "ContractDefinition").map((node) => node.nodes))) {
    for (const [start, end, replacement] of EDITS[node.nodeType]?.(node, edit) ?? []) {
      const source = text.slice(0, start) + replacement + text.slice(end);
      if (source === text || mutants.has(source)) continue;
      const after = excerpt(source, start, start + replacement.length);
      const name = `${place}: ${excerpt(text, start, end)} => ${after || "(deleted)"}`;
      used.set(name, (used.get(name) ?? 0) + 1);
      mutants.set(source, used.get(name) === 1 ? name : `${name} (${used.get(name)})`);
    }
  }
  return [...mutants].map(([source, id]) => ({ id, source }));
}

module.exports = { listMutants };
