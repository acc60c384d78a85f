// The grammar of the specification language, for PEGTL. Every alternative is decided by its first token, so parsing
// is linear; `must` marks the points after which only one continuation is right, and says which.
#pragma once

#include <tao/pegtl.hpp>
#include <tao/pegtl/contrib/limit_depth.hpp>
#include <tao/pegtl/contrib/parse_tree.hpp>

namespace rmmcheck::model::grammar {

using namespace tao::pegtl;

// --- tokens ---------------------------------------------------------------------------------------------------------
struct comment : seq<one<'#'>, until<eolf>> {};
struct blank_space : star<sor<space, comment>> {};
using _ = blank_space;

template <char... C>
struct word : seq<string<C...>, not_at<identifier_other>> {};

// clang-format off
struct kw_command : word<'c','o','m','m','a','n','d'> {};
struct kw_event : word<'e','v','e','n','t'> {};
struct kw_section : word<'s','e','c','t','i','o','n'> {};
struct kw_fid : word<'f','i','d'> {};
struct kw_inputs : word<'i','n','p','u','t','s'> {};
struct kw_outputs : word<'o','u','t','p','u','t','s'> {};
struct kw_context : word<'c','o','n','t','e','x','t'> {};
struct kw_failure : word<'f','a','i','l','u','r','e'> {};
struct kw_ordering : word<'o','r','d','e','r','i','n','g'> {};
struct kw_success : word<'s','u','c','c','e','s','s'> {};
struct kw_request : word<'r','e','q','u','e','s','t'> {};
struct kw_footprint : word<'f','o','o','t','p','r','i','n','t'> {};
struct kw_end : word<'e','n','d'> {};
struct kw_before : word<'b','e','f','o','r','e'> {};
struct kw_true : word<'t','r','u','e'> {};
struct kw_false : word<'f','a','l','s','e'> {};
struct kw_free : word<'f','r','e','e'> {};
struct kw_if : word<'i','f'> {};
struct kw_then : word<'t','h','e','n'> {};
struct kw_else : word<'e','l','s','e'> {};
struct kw_let : word<'l','e','t'> {};
struct kw_in : word<'i','n'> {};
struct kw_forall : word<'f','o','r','a','l','l'> {};
struct kw_exists : word<'e','x','i','s','t','s'> {};
struct kw_first : word<'f','i','r','s','t'> {};
struct kw_from : word<'f','r','o','m'> {};
struct kw_to : word<'t','o'> {};
struct kw_upto : word<'u','p','t','o'> {};
struct kw_where : word<'w','h','e','r','e'> {};
struct kw_when : word<'w','h','e','n'> {};
struct kw_add : word<'a','d','d'> {};
struct kw_replace : word<'r','e','p','l','a','c','e'> {};
struct kw_drop : word<'d','r','o','p'> {};
struct kw_completes : word<'c','o','m','p','l','e','t','e','s'> {};
struct kw_reading : word<'r','e','a','d','i','n','g'> {};
struct kw_reason : word<'r','e','a','s','o','n'> {};
struct kw_const : word<'c','o','n','s','t'> {};
struct kw_enum : word<'e','n','u','m'> {};
struct kw_struct : word<'s','t','r','u','c','t'> {};
struct kw_object : word<'o','b','j','e','c','t'> {};
struct kw_func : word<'f','u','n','c'> {};
struct kw_builtin : word<'b','u','i','l','t','i','n'> {};
struct kw_opaque : word<'o','p','a','q','u','e'> {};
struct kw_version : word<'v','e','r','s','i','o','n'> {};
// clang-format on

struct kw_amendment : word<'a', 'm', 'e', 'n', 'd', 'm', 'e', 'n', 't'> {};
// Words that end a row or start a construct; everything else may be an id.
struct keyword
    : sor<kw_command, kw_event, kw_section, kw_inputs, kw_outputs, kw_context, kw_failure, kw_ordering, kw_success,
          kw_request, kw_footprint, kw_end, kw_before, kw_true, kw_false, kw_if, kw_then, kw_else, kw_let, kw_in,
          kw_forall, kw_exists, kw_first, kw_from, kw_to, kw_upto, kw_where, kw_when, kw_add, kw_replace, kw_drop,
          kw_amendment, kw_const, kw_enum, kw_struct, kw_object, kw_func, kw_builtin, kw_opaque, kw_version> {};

struct name : seq<not_at<keyword>, identifier> {};
struct any_name : identifier {}; // after a dot, where keywords are ordinary words
struct number : sor<seq<string<'0', 'x'>, plus<xdigit>>, plus<digit>> {};
struct text : seq<one<'"'>, until<one<'"'>>> {};
struct section_number : plus<sor<alnum, one<'.'>>> {};

// --- expressions ----------------------------------------------------------------------------------------------------
struct expression;

struct expected_expression : must<expression> {};
struct close_paren : one<')'> {};
struct open_brace : one<'{'> {};
struct close_brace : one<'}'> {};
struct colon : one<':'> {};
struct close_bracket : one<']'> {};
struct arguments : seq<one<'('>, _, opt<expression, star<_, one<','>, _, expected_expression>>, _, must<close_paren>> {
};
struct parenthesised : seq<one<'('>, _, expected_expression, _, must<close_paren>> {};
struct must_then : must<kw_then> {};
struct must_else : must<kw_else> {};
struct must_in : must<kw_in> {};
struct conditional
    : seq<kw_if, _, expected_expression, _, must_then, _, expected_expression, _, must_else, _, expected_expression> {};
struct let : seq<kw_let, _, must<name>, _, must<one<'='>>, _, expected_expression, _, must_in, _, expected_expression> {
};
struct upto : seq<kw_upto, _, must<number>> {};
struct range_tail : seq<two<'.'>, _, expected_expression, _, must<upto>> {};
struct from_to : seq<kw_from, _, expected_expression, _, must<kw_to>, _, expected_expression> {};
struct quantifier_kind : sor<kw_forall, kw_exists> {};
struct quantifier : seq<quantifier_kind, _, must<name>, _, must_in, _, expected_expression, _,
                        opt<sor<range_tail, from_to>, _>, must<colon>, _, expected_expression> {};
struct first : seq<kw_first, _, must<name>, _, must_in, _, expected_expression, _, must<kw_from>, _,
                   expected_expression, _, must<kw_where>, _, expected_expression> {};
struct record_field : seq<name, _, must<colon>, _, expected_expression> {};
struct record : seq<open_brace, _, opt<list<record_field, seq<_, one<','>, _>>>, _, must<close_brace>> {};
struct reference : seq<name, opt<_, sor<arguments, record>>> {}; // a variable, a call, or a struct value
struct primary : sor<number, text, parenthesised, conditional, let, quantifier, first, reference> {};
struct field : seq<one<'.'>, at<identifier_first>, any_name> {};
struct subscript
    : seq<one<'['>, _, expected_expression, _, opt<one<':'>, _, expected_expression, _>, must<close_bracket>> {};
struct postfix : seq<primary, star<_, sor<field, subscript>>> {};

struct unary_op : sor<seq<one<'!'>, not_at<one<'='>>>, one<'-'>> {};
struct unary : sor<seq<unary_op, _, must<unary>>, postfix> {};
struct pow_op : one<'^'> {};
struct power : seq<unary, opt<_, pow_op, _, must<unary>>> {};
struct mul_op : one<'*', '/', '%'> {};
struct product : seq<power, star<_, mul_op, _, must<power>>> {};
struct add_op : one<'+', '-'> {};
struct sum : seq<product, star<_, add_op, _, must<product>>> {};
struct compare_op : sor<string<'=', '='>, string<'!', '='>, string<'<', '='>, string<'>', '='>, one<'<', '>'>> {};
struct comparison : seq<sum, opt<_, compare_op, _, must<sum>>> {};
struct and_op : string<'&', '&'> {};
struct conjunction : seq<comparison, star<_, and_op, _, must<comparison>>> {};
struct or_op : string<'|', '|'> {};
struct disjunction : seq<conjunction, star<_, or_op, _, must<conjunction>>> {};
struct implies_op : string<'=', '>'> {};
struct expression : seq<disjunction, opt<_, implies_op, _, must<expression>>> {};

// --- declarations ---------------------------------------------------------------------------------------------------
struct section : seq<kw_section, _, must<section_number>> {};
struct bits : seq<number, one<':'>, number> {};
struct count : seq<one<'['>, number, one<']'>> {};
struct type_name : name {};
struct declaration : seq<name, _, type_name, opt<count>, opt<_, bits>> {};

struct version : seq<kw_version, _, must<text>> {};
struct constant : seq<kw_const, _, must<name>, _, must<one<'='>>, _, expected_expression> {};
struct enumerator : seq<name, _, one<'='>, _, number> {};
struct enumeration : seq<kw_enum, _, must<name>, _, opt<section, _>, must<open_brace>, _,
                         star<enumerator, _, opt<one<','>, _>>, must<close_brace>> {};
struct structure : seq<kw_struct, _, must<name>, _, opt<section, _>, must<open_brace>, _,
                       star<declaration, _, opt<one<','>, _>>, must<close_brace>> {};
struct object : seq<kw_object, _, must<name>, _, must<one<'('>>, _, must<declaration>, _, must<close_paren>, _,
                    must<type_name>, _, opt<section, _>, must<kw_when>, _, expected_expression> {};
struct function_kind : sor<kw_builtin, kw_opaque> {};
struct parameters : seq<one<'('>, _, opt<list<declaration, seq<_, one<','>, _>>>, _, must<close_paren>> {};
struct function : seq<opt<function_kind, _>, kw_func, _, must<name>, _, must<parameters>, _, must<type_name>, _,
                      opt<section, _>, opt<one<'='>, not_at<one<'='>>, _, expected_expression>> {};

// --- commands -------------------------------------------------------------------------------------------------------
struct free_bits : kw_free {};
struct register_row : seq<name, _, one<'X'>, number, _, must<bits>, _, opt<free_bits, _>, must<type_name>> {};
struct truth : sor<kw_true, kw_false> {};
struct context_row
    : seq<name, _, must<type_name>, _, must<one<'='>>, _, expected_expression, _, must<kw_before>, _, must<truth>> {};
struct pre : seq<string<'p', 'r', 'e', ':'>, _, expected_expression> {};
struct post : seq<string<'p', 'o', 's', 't', ':'>, _, expected_expression> {};
struct prose : seq<text> {};
struct guarded : seq<pre, _, must<post>> {};
struct condition_row : seq<name, _, must<sor<prose, guarded, expression>>> {};
struct names : seq<one<'['>, _, list<name, seq<_, one<','>, _>>, _, must<close_bracket>> {};
struct ordering_row : seq<names, _, must<one<'<'>>, _, must<names>> {};

struct fid : seq<kw_fid, _, must<number>> {};
struct inputs : seq<kw_inputs, star<_, register_row>> {};
struct outputs : seq<kw_outputs, star<_, register_row>> {};
struct context : seq<kw_context, star<_, context_row>> {};
struct failure : seq<kw_failure, star<_, condition_row>> {};
struct ordering : seq<kw_ordering, star<_, ordering_row>> {};
struct success : seq<kw_success, star<_, condition_row>> {};
struct request : seq<kw_request, star<_, condition_row>> {};
struct footprint : seq<kw_footprint, star<_, condition_row>> {};
struct command_kind : sor<kw_command, kw_event> {};
struct command_end : kw_end {};
struct command : seq<command_kind, _, must<name>, _, must<section>, _, opt<fid, _>, opt<inputs, _>, opt<outputs, _>,
                     opt<context, _>, opt<failure, _>, opt<ordering, _>, opt<success, _>, opt<request, _>,
                     opt<footprint, _>, must<command_end>> {};

// --- amendments -----------------------------------------------------------------------------------------------------
struct verb : sor<kw_add, kw_replace> {};
struct part : sor<kw_failure, kw_success, kw_request, kw_footprint> {};
struct change_context : seq<verb, _, kw_context, _, must<context_row>> {};
struct add_ordering : seq<kw_add, _, kw_ordering, _, must<ordering_row>> {};
struct change_condition : seq<verb, _, part, _, must<condition_row>> {};
struct drop_ordering : seq<kw_drop, _, kw_ordering, _, must<ordering_row>> {};
struct drop_condition : seq<kw_drop, _, part, _, must<name>> {};
struct change : sor<change_context, add_ordering, change_condition, drop_ordering, drop_condition> {};
struct changes : seq<kw_in, _, must<name>, star<_, change>> {};
struct amendment_kind : sor<kw_completes, kw_reading> {};
struct reason : seq<kw_reason, _, must<text>> {};
struct amendment_end : kw_end {};
struct amendment : seq<kw_amendment, _, must<name>, _, must<section>, _, must<amendment_kind>, _, must<reason>,
                       star<_, sor<changes, function>>, _, must<amendment_end>> {};

struct end_of_file : eof {};
struct declaration_ : sor<version, constant, enumeration, structure, object, function, command, amendment> {};
struct file : seq<_, star<declaration_, _>, must<end_of_file>> {};

} // namespace rmmcheck::model::grammar
