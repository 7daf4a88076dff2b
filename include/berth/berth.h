// SPDX-License-Identifier: Apache-2.0
#pragma once
// Everything of libberth: modules from any language in a C++ program, typed and contained (berth/host.h).

#include "berth/answer.h"
#include "berth/brought.h"
#include "berth/call.h"
#include "berth/codec.h"
#include "berth/describe.h"
#include "berth/dynamic.h"
#include "berth/dynamic_stream.h"
#include "berth/future.h"
#include "berth/host.h"
#include "berth/imports.h"
#include "berth/instance.h"
#include "berth/names.h"
#include "berth/plugins.h"
#include "berth/question.h"
#include "berth/resource.h"
#include "berth/result.h"
#include "berth/stream.h"
#include "berth/type.h"
#include "berth/value.h"
#include "berth/watch.h"
