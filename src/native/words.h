/* What every function of the addon needs: its arguments checked, its answer made. */
#ifndef BRANCHLINE_WORDS_H
#define BRANCHLINE_WORDS_H

#include <errno.h>
#include <node_api.h>
#include <stdint.h>

/* Fetches exactly `wanted` arguments; on anything else throws and answers false. */
static inline int arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *argv) {
  size_t count = wanted;
  if (napi_get_cb_info(env, info, &count, argv, NULL, NULL) == napi_ok && count == wanted) return 1;
  napi_throw_type_error(env, NULL, "wrong number of arguments");
  return 0;
}

static inline int wrong(napi_env env, const char *what) {
  int pending = 0;
  bool is = false;
  if (napi_is_exception_pending(env, &is) == napi_ok) pending = is;
  if (!pending) napi_throw_type_error(env, NULL, what);
  return 0;
}

static inline int integer(napi_env env, napi_value value, int32_t from, int32_t to, int32_t *out) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return wrong(env, "not a number");
  if (!(number >= from && number <= to) || number != (int32_t)number) return wrong(env, "number out of range");
  *out = (int32_t)number;
  return 1;
}

/* The memory of a typed array of the given type with at least `least` elements. */
static inline int array(napi_env env, napi_value value, napi_typedarray_type type, size_t least, void **data, size_t *length) {
  napi_typedarray_type actual;
  bool is = false;
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is) return wrong(env, "not a typed array");
  if (napi_get_typedarray_info(env, value, &actual, length, data, NULL, NULL) != napi_ok) return wrong(env, "not a typed array");
  if (actual != type || *length < least) return wrong(env, "a typed array of the wrong type or too short");
  return 1;
}

static inline napi_value number(napi_env env, double value) {
  napi_value out;
  return napi_create_double(env, value, &out) == napi_ok ? out : NULL;
}

/* Answers the result of a system call: what it gave, or -errno. */
static inline napi_value outcome(napi_env env, int result) { return number(env, result < 0 ? -errno : result); }

/* A function as JavaScript sees it. */
struct function {
  const char *name;
  napi_callback call;
};

/* Puts the functions into `exports`; false when Node refuses. */
static inline int export_all(napi_env env, napi_value exports, const struct function *functions, size_t count) {
  for (size_t i = 0; i < count; i++) {
    napi_value value;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &value) != napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, value) != napi_ok)
      return 0;
  }
  return 1;
}

/* The functions of lines.c. */
int export_lines(napi_env env, napi_value exports);

#endif
