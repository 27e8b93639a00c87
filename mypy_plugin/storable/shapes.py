"""What a type is to somebody who has to store its values, whatever mypy calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cached_property

from mypy.expandtype import expand_type_by_instance
from mypy.maptype import map_instance_to_supertype
from mypy.nodes import Decorator, FuncBase, OverloadedFuncDef, SymbolNode, TypeInfo, Var
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    LiteralType,
    NoneType,
    Overloaded,
    ProperType,
    TupleType,
    Type,
    TypeAliasType,
    TypedDictType,
    TypeOfAny,
    TypeType,
    UnionType,
    get_proper_type,
)


class Kind(StrEnum):
    """The ways in which a type is taken apart."""

    NONE = "None"
    ANY = "Any"
    UNION = "union"
    LITERAL = "literal"
    TUPLE = "tuple"
    TYPED_DICT = "typed dict"
    NAMED_TUPLE = "named tuple"
    DATACLASS = "dataclass"
    ATTRS = "attrs class"
    PYDANTIC = "pydantic model"
    STRUCT = "msgspec struct"
    ENUM = "enum"
    CALLABLE = "function"
    CLASS_OBJECT = "class object"
    CLASS = "class"
    UNKNOWN = "unknown"


class Shape:
    """A type, with its parts made when they are asked for, since types may contain themselves.

    Attributes:
        type: mypy's.
        kind: how it is taken apart.
        name: as users write it.
        info: the class that its values are instances of, if there is one.
    """

    def __init__(self, type: Type) -> None:
        self.type: ProperType = _without_new_types(get_proper_type(type))
        self.kind = _kind(self.type)
        self.instance = _instance(self.type)
        self.info: TypeInfo | None = self.instance.type if self.instance is not None else None

    @property
    def key(self) -> str:
        """The same text for the same type."""
        return str(self.type)

    @cached_property
    def name(self) -> str:
        """The type for people: without the module of what everybody knows."""
        return shown(self.type)

    @property
    def fullname(self) -> str:
        """The dotted name of its class, "" if it has none."""
        return self.info.fullname if self.info is not None else ""

    @cached_property
    def bases(self) -> frozenset[str]:
        """The dotted names of its class and all classes that this derives from."""
        return frozenset(base.fullname for base in self.info.mro) if self.info is not None else frozenset()

    @property
    def is_generic(self) -> bool:
        """Whether its class has type parameters."""
        return self.info is not None and bool(self.info.defn.type_vars)

    @property
    def is_parametrized(self) -> bool:
        """Whether it is a class with type arguments (`Box[int]`)."""
        return isinstance(self.type, Instance) and bool(self.type.args) and self.has_arguments

    @property
    def is_abstract(self) -> bool:
        """Whether its values are of other classes: it is a protocol, or an abstract class."""
        return self.info is not None and (self.info.is_protocol or self.info.is_abstract)

    @property
    def is_local(self) -> bool:
        """Whether its class is defined inside of a function."""
        return self.info is not None and "@" in self.info.fullname

    def has(self, name: str) -> bool:
        """Whether its class, or one that it derives from, has an attribute or method of that name."""
        return self.info is not None and self.info.get(name) is not None

    def has_own(self, name: str) -> bool:
        """Whether it has that attribute from another class than `object`."""
        owner = self.info.get_containing_type_info(name) if self.info is not None else None
        return owner is not None and owner.fullname != "builtins.object"

    @property
    def has_methods(self) -> bool:
        """Whether its class defines methods or properties, beside those that Python calls itself."""
        return self.info is not None and any(
            isinstance(symbol.node, FuncBase | Decorator)
            and not name.startswith("__")
            and not symbol.plugin_generated
            for base in self.info.mro
            if base.fullname != "builtins.object"
            for name, symbol in base.names.items()
        )

    @cached_property
    def parts(self) -> tuple[Shape, ...]:
        """The members of a union, the items of a tuple."""
        match self.type:
            case UnionType(items=items) | TupleType(items=items):
                return tuple(Shape(item) for item in items)
        return ()

    def arguments(self, base: str) -> tuple[Shape, ...] | None:
        """What its class gives as type arguments to one that it derives from; None if it does not."""
        if self.instance is None or base not in self.bases:
            return None
        found = next(info for info in self.instance.type.mro if info.fullname == base)
        return tuple(Shape(argument) for argument in map_instance_to_supertype(self.instance, found).args)

    @property
    def has_arguments(self) -> bool:
        """Whether its type parameters were given (`list[int]`), not left out (`list`)."""
        match self.type:
            case Instance(args=args) if args:
                proper = [get_proper_type(argument) for argument in args]
                return not all(
                    isinstance(one, AnyType) and one.type_of_any == TypeOfAny.from_omitted_generics
                    for one in proper
                )
        return True

    @cached_property
    def fields(self) -> tuple[tuple[str, Shape], ...]:
        """The parts of a record, by name."""
        match self.type:
            case TypedDictType(items=items):
                return tuple((name, Shape(item)) for name, item in items.items())
            case TupleType(items=items) if self.kind is Kind.NAMED_TUPLE and self.info is not None:
                return tuple(zip(_tuple_names(self.info), map(Shape, items), strict=False))
            case Instance():
                return tuple((name, Shape(one)) for name, one in _fields(self.type, self.kind))
        return ()

    @cached_property
    def required(self) -> frozenset[str]:
        """The fields of a dataclass without which it cannot be made."""
        if self.info is None or self.kind is not Kind.DATACLASS:
            return frozenset()
        return frozenset(
            str(one["name"])
            for one in _dataclass_attributes(self.info)
            if one["is_in_init"] and not one["has_default"]
        )

    @cached_property
    def attributes(self) -> tuple[tuple[str, Shape], ...]:
        """What instances of a class without declared fields hold, as far as it is written in the project."""
        if not isinstance(self.type, Instance):
            return ()
        return tuple((name, Shape(one)) for name, one in _attributes(self.type))

    @property
    def has_serializers(self) -> bool:
        """Whether methods of a pydantic model may change how its fields are stored."""
        if self.info is None:
            return False
        return any(
            _is_serializer(symbol.node)
            for base in self.info.mro
            if not base.fullname.startswith("pydantic.") and base.fullname != "builtins.object"
            for symbol in base.names.values()
        )


def shown(written: Type, is_own: Callable[[str], bool] = lambda module: False) -> str:
    """A type as users write it. `is_own` says of a module that its classes need not be written with it."""
    if isinstance(written, TypeAliasType) and written.is_recursive and written.alias is not None:
        return written.alias.name
    proper = get_proper_type(written)

    def listed(types: Iterable[Type], separator: str = ", ") -> str:
        return separator.join(shown(one, is_own) for one in types)

    match proper:
        case AnyType():
            return "Any"
        case NoneType():
            return "None"
        case UnionType(items=items):
            return listed(items, " | ")
        case LiteralType():
            return f"Literal[{proper.value_repr()}]"
        case TupleType(items=items) if not proper.partial_fallback.type.is_named_tuple:
            return f"tuple[{listed(items)}]"
        case TupleType(partial_fallback=fallback) | TypedDictType(fallback=fallback):
            return _class_name(fallback.type, is_own)
        case TypeType(item=item):
            return f"type[{shown(item, is_own)}]"
        case CallableType() | Overloaded():
            return "Callable"
        case Instance(type=info, args=args):
            name = _class_name(info, is_own)
            if not args or name in _UNPARAMETRIZED or not Shape(proper).has_arguments:
                return name
            more = ", ..." if info.fullname == "builtins.tuple" else ""
            return f"{name}[{listed(args)}{more}]"
    return str(proper)


#: Modules whose names are written without them.
_EVERYBODY_KNOWS = ("builtins", "typing", "typing_extensions", "collections.abc")
#: Where Python defines a class → where users find it.
_PUBLIC = {
    "_thread.lock": "threading.Lock", "_thread.LockType": "threading.Lock",
    "_thread.RLock": "threading.RLock", "typing.AbstractSet": "collections.abc.Set",
}  # fmt: skip
_UNPARAMETRIZED = ("io.TextIOWrapper", "io.BufferedReader", "io.BufferedWriter")


def _class_name(info: TypeInfo, is_own: Callable[[str], bool]) -> str:
    dotted = info.fullname.partition("@")[0]
    module = info.module_name
    if module in _EVERYBODY_KNOWS or is_own(module):
        dotted = dotted.removeprefix(f"{module}.") if dotted not in _PUBLIC else dotted
    elif module.startswith("_") and module[1:] in (
        "io",
        "asyncio",
        "contextvars",
        "queue",
        "socket",
        "weakref",
    ):
        dotted = dotted[1:]
    return _PUBLIC.get(dotted, dotted)


def _without_new_types(found: ProperType) -> ProperType:
    """What values of a `NewType` really are."""
    while isinstance(found, Instance) and found.type.is_newtype and found.type.bases:
        found = found.type.bases[0]
    return found


def _kind(type: ProperType) -> Kind:
    match type:
        case NoneType():
            return Kind.NONE
        case AnyType():
            return Kind.ANY
        case UnionType():
            return Kind.UNION
        case LiteralType():
            return Kind.LITERAL
        case TupleType(partial_fallback=fallback):
            return Kind.NAMED_TUPLE if fallback.type.is_named_tuple else Kind.TUPLE
        case TypedDictType():
            return Kind.TYPED_DICT
        case TypeType():
            return Kind.CLASS_OBJECT
        case CallableType():
            return Kind.CLASS_OBJECT if type.is_type_obj() else Kind.CALLABLE
        case Overloaded():
            return Kind.CLASS_OBJECT if type.items[0].is_type_obj() else Kind.CALLABLE
        case Instance(type=info):
            return _kind_of_class(info)
    return Kind.UNKNOWN


def _kind_of_class(info: TypeInfo) -> Kind:
    bases = {base.fullname for base in info.mro}
    if info.is_enum:
        return Kind.ENUM
    if bases & {"pydantic.main.BaseModel", "pydantic.v1.main.BaseModel"}:
        return Kind.PYDANTIC
    if "msgspec.Struct" in bases:
        return Kind.STRUCT
    if _dataclass_attributes(info) and info.get("__dataclass_fields__") is not None:
        return Kind.DATACLASS
    if any("__dataclass_fields__" in base.names for base in info.mro):
        return Kind.DATACLASS
    if any("attrs" in base.metadata for base in info.mro):
        return Kind.ATTRS
    if info.fullname in ("builtins.type", "abc.ABCMeta", "enum.EnumMeta"):
        return Kind.CLASS_OBJECT
    if info.fullname in ("builtins.function", "types.FunctionType", "types.MethodType", "functools.partial"):
        return Kind.CALLABLE
    if info.fallback_to_any:
        return Kind.UNKNOWN
    return Kind.CLASS


def _instance(type: ProperType) -> Instance | None:
    match type:
        case Instance():
            return type
        case TupleType(partial_fallback=fallback) | LiteralType(fallback=fallback):
            return fallback
        case TypedDictType(fallback=fallback):
            return fallback
    return None


def _tuple_names(info: TypeInfo) -> list[str]:
    for base in info.mro:
        if "namedtuple" in base.metadata:
            fields: list[str] = base.metadata["namedtuple"]["fields"]
            return fields
    return []


def _dataclass_attributes(info: TypeInfo) -> list[dict[str, object]]:
    for base in info.mro:
        if "dataclass" in base.metadata:
            found: list[dict[str, object]] = base.metadata["dataclass"]["attributes"]
            return found
    return []


def _fields(instance: Instance, kind: Kind) -> Iterator[tuple[str, Type]]:
    """The fields of a record class, its own and inherited ones, in the order of their definition."""
    names: dict[str, None] = {}
    info = instance.type
    if kind is Kind.DATACLASS:
        names |= {str(one["name"]): None for one in _dataclass_attributes(info) if not one["is_init_var"]}
    else:
        for base in reversed(info.mro):
            if not base.fullname.startswith(("pydantic.", "msgspec.", "builtins.", "typing.")):
                names |= {name: None for name in base.names if _is_field(base, name, kind)}
    if any(base.fullname == "sqlmodel.main.SQLModel" for base in info.mro):
        return  # relationships look like fields
    for name in names:
        found = _attribute_type(instance, name)
        if found is not None and not _is_descriptor(found):
            yield name, found


def _is_field(base: TypeInfo, name: str, kind: Kind) -> bool:
    symbol = base.names[name]
    node = symbol.node
    if not isinstance(node, Var) or node.is_classvar or node.is_property or symbol.implicit:
        return False
    if symbol.plugin_generated or name.startswith("__"):
        return False
    return kind is not Kind.PYDANTIC or not (name.startswith("_") or name == "model_config")


def _attributes(instance: Instance) -> Iterator[tuple[str, Type]]:
    """The instance variables of a class of the user's: those assigned to `self`, and those declared."""
    seen: set[str] = set()
    for base in instance.type.mro:
        if base.fullname == "builtins.object":
            continue
        for name, symbol in base.names.items():
            node = symbol.node
            if name in seen or not isinstance(node, Var) or node.is_classvar or node.is_property:
                continue
            seen.add(name)
            # What has a value in the class is no part of the instance, unless `self.x = ...` makes it one.
            if (symbol.implicit or not node.has_explicit_value) and not symbol.plugin_generated:
                found = _attribute_type(instance, name)
                if found is not None:
                    yield name, found


def _attribute_type(instance: Instance, name: str) -> Type | None:
    owner = instance.type.get_containing_type_info(name)
    node = owner.names[name].node if owner is not None else None
    if owner is None or not isinstance(node, Var) or node.type is None:
        return None
    return expand_type_by_instance(node.type, map_instance_to_supertype(instance, owner))


def _is_descriptor(found: Type) -> bool:
    """Whether reading the attribute gives something else (`Mapped[int]`)."""
    proper = get_proper_type(found)
    return isinstance(proper, Instance) and proper.type.get("__get__") is not None


def _is_serializer(node: SymbolNode | None) -> bool:
    """Whether it is a decorated method that is neither a property nor bound to the class.

    That is what pydantic's serializers are; what decorates a method is not known of a module that mypy
    takes from its cache.
    """
    match node:
        case Decorator(func=function, var=variable):
            return not (function.is_class or function.is_static or variable.is_property)
        case FuncBase() | OverloadedFuncDef():
            return False
    return False


def awaited(type: Type) -> ProperType:
    """What a function gives in the end: what awaiting its result gives, what its generator returns."""
    proper = get_proper_type(type)
    if isinstance(proper, Instance):
        position = _RESULT_OF.get(proper.type.fullname)
        if position is not None and len(proper.args) > position:
            return awaited(proper.args[position])
    return proper


_RESULT_OF = {
    "typing.Coroutine": 2,
    "types.CoroutineType": 2,
    "typing.Awaitable": 0,
    "typing.AwaitableGenerator": 2,
}
