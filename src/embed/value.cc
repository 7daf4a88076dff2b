// SPDX-License-Identifier: Apache-2.0
#include "berth/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

namespace berth {

bool Value::List::operator==(const List& other) const = default;
bool Value::Tuple::operator==(const Tuple& other) const = default;
bool Value::Record::operator==(const Record& other) const = default;
bool Value::Map::operator==(const Map& other) const = default;
bool Value::Case::operator==(const Case& other) const = default;
bool Value::Option::operator==(const Option& other) const = default;
bool Value::Result::operator==(const Result& other) const = default;

// Here, as all that a value may hold is known here.
Value::Value() : Value(Tuple{}) {}
Value::Value(const Value& other) = default;
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(const Value& other) = default;
Value& Value::operator=(Value&& other) noexcept = default;
Value::~Value() = default;

Value::Value(Truth truth) : held_(truth.value) {}
Value::Value(Number number)
    : held_(number.negative ? Any(static_cast<int64_t>(number.bits)) : Any(number.bits)) {}
Value::Value(float value) : held_(value) {}
Value::Value(double value) : held_(value) {}
Value::Value(char32_t value) : held_(value) {}
Value::Value(std::string text) : held_(std::move(text)) {}
Value::Value(std::string_view text) : Value(std::string(text)) {}
Value::Value(const char* text) : Value(std::string(text)) {}
Value::Value(Bytes bytes) : held_(std::move(bytes)) {}
Value::Value(List list) : held_(std::move(list)) {}
Value::Value(Tuple tuple) : held_(std::move(tuple)) {}
Value::Value(Record record) : held_(std::move(record)) {}
Value::Value(Map map) : held_(std::move(map)) {}
Value::Value(Case value) : held_(std::move(value)) {}
Value::Value(Flags flags) : held_(std::move(flags)) {}
Value::Value(Option option) : held_(std::move(option)) {}
Value::Value(Result result) : held_(std::move(result)) {}
Value::Value(Handle handle) : held_(std::move(handle)) {}
Value::Value(Stream stream) : held_(std::move(stream)) {}

namespace {

std::vector<Value> one(Value value) {
  std::vector<Value> made;
  made.push_back(std::move(value));
  return made;
}

}  // namespace

Value Value::list(std::vector<Value> values) {
  return Value(List{std::move(values)});
}
Value Value::tuple(std::vector<Value> values) {
  return Value(Tuple{std::move(values)});
}
Value Value::record(std::vector<Field> fields) {
  return Value(Record{std::move(fields)});
}
Value Value::map(std::vector<Entry> entries) {
  return Value(Map{std::move(entries)});
}
Value Value::of_case(std::string name) {
  return Value(Case{.name = std::move(name)});
}
Value Value::of_case(std::string name, Value value) {
  return Value(Case{.name = std::move(name), .value = one(std::move(value))});
}
Value Value::flags(std::vector<std::string> names) {
  return Value(Flags{std::move(names)});
}
Value Value::none() {
  return Value(Option{});
}
Value Value::some(Value value) {
  return Value(Option{one(std::move(value))});
}
Value Value::ok() {
  return Value(Result{.ok = true});
}
Value Value::ok(Value value) {
  return Value(Result{.ok = true, .value = one(std::move(value))});
}
Value Value::error() {
  return Value(Result{.ok = false});
}
Value Value::error(Value value) {
  return Value(Result{.ok = false, .value = one(std::move(value))});
}

const Value* Value::field(std::string_view name) const {
  const auto* const record = get<Record>();
  if (record == nullptr) return nullptr;
  const auto found = std::ranges::find(record->fields, name, &Field::name);
  return found == record->fields.end() ? nullptr : &found->value;
}

bool Value::operator==(const Value& other) const {
  return held_ == other.held_;
}

namespace {

/// Names that WAVE has a use for are marked.
std::string wave_name(const std::string& name) {
  static constexpr std::array<std::string_view, 8> kTaken{"true", "false", "inf", "nan",
                                                          "some", "none",  "ok",  "err"};
  return std::ranges::find(kTaken, name) == kTaken.end() ? name : "%" + name;
}

class Text {
 public:
  void put(const Value& value) {
    if (depth_ == kDeepest) {
      text_ += "…";
      return;
    }
    ++depth_;
    std::visit([this](const auto& held) { write(held); }, value.held());
    --depth_;
  }
  std::string take() {
    return std::move(text_);
  }

 private:
  void write(bool value) {
    text_ += value ? "true" : "false";
  }
  template <class T>
    requires std::is_arithmetic_v<T>
  void write(T value) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(value)) {
        text_ += "nan";
        return;
      }
    }
    fmt::format_to(std::back_inserter(text_), "{}", value);
  }
  void write(char32_t value) {
    text_ += '\'';
    letter(value, U'\'');
    text_ += '\'';
  }
  void write(const std::string& value) {
    text_ += '"';
    for (const char byte : value) {
      // Beyond ASCII it is UTF-8, as it stands.
      const auto code = static_cast<unsigned char>(byte);
      if (code < 0x80) {
        letter(code, U'"');
      } else {
        text_ += byte;
      }
    }
    text_ += '"';
  }
  void write(const Value::Bytes& bytes) {
    text_ += fmt::format("[{}]", fmt::join(bytes, ", "));
  }
  void write(const Value::List& list) {
    several('[', list.values, ']', [this](const Value& value) { put(value); });
  }
  void write(const Value::Tuple& tuple) {
    several('(', tuple.values, ')', [this](const Value& value) { put(value); });
  }
  void write(const Value::Record& record) {
    several('{', record.fields, '}', [this](const Value::Field& field) {
      text_ += field.name + ": ";
      put(field.value);
    });
  }
  void write(const Value::Map& map) {
    several('{', map.entries, '}', [this](const Value::Entry& entry) {
      put(entry.key);
      text_ += ": ";
      put(entry.value);
    });
  }
  void write(const Value::Case& value) {
    text_ += wave_name(value.name);
    payload(value.value);
  }
  void write(const Value::Flags& flags) {
    several('{', flags.names, '}', [this](const std::string& name) { text_ += name; });
  }
  void write(const Value::Option& option) {
    text_ += option.value.empty() ? "none" : "some";
    payload(option.value);
  }
  void write(const Value::Result& result) {
    text_ += result.ok ? "ok" : "err";
    payload(result.value);
  }
  void write(const Value::Handle& handle) {
    text_ += "<" + handle.resource + ">";
  }
  void write(const Value::Stream& stream) {
    text_ += "<" + to_wit(stream.type) + ">";
  }

  void payload(const std::vector<Value>& value) {
    if (value.empty()) return;
    text_ += '(';
    put(value.front());
    text_ += ')';
  }
  template <class T, class F>
  void several(char open, const std::vector<T>& all, char close, F&& each) {
    text_ += open;
    for (size_t i = 0; i < all.size(); ++i) {
      if (i > 0) text_ += ", ";
      each(all[i]);
    }
    text_ += close;
  }
  void letter(char32_t code, char32_t quote) {
    if (code == quote || code == U'\\') {
      text_ += '\\';
      text_ += static_cast<char>(code);
    } else if (code == U'\n') {
      text_ += "\\n";
    } else if (code == U'\t') {
      text_ += "\\t";
    } else if (code == U'\r') {
      text_ += "\\r";
    } else if (code >= 0x20 && code < 0x7f) {
      text_ += static_cast<char>(code);
    } else {
      text_ += fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(code));
    }
  }

  static constexpr size_t kDeepest = 100;
  std::string text_;
  size_t depth_ = 0;
};

}  // namespace

std::string to_text(const Value& value) {
  Text text;
  text.put(value);
  return text.take();
}

}  // namespace berth
