// Stands for TensorRT's libraries below NVIDIA's own Python bindings. Those call methods
// by their place in a table of virtual functions; `SLOT_class_method` is that place, see
// slots.py. A place that nothing is played at ends the process and says so.
// The model is y = 2x: x is float32 [batch, 4] by a profile, or what the file's text says.
#include <dlfcn.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <typeinfo>
#include <utility>

extern "C" void stub_note(const char *format, ...);
extern "C" int stub_fails(const char *name);
extern "C" void stub_act(void *stream, void (*run)(void *, void *, unsigned long long),
                         void *a, void *b, unsigned long long n);

struct Dims { int32_t n; int64_t d[8]; };

struct Outer {  // what bindings hold: a virtual destructor, then the implementation
    virtual ~Outer() { stub_note("deleted %s", name); }
    void *impl;
    const char *name;
    Outer(void *impl, const char *name) : impl(impl), name(name) {}
};

enum Class { BUILDER, NETWORK, TENSOR, LAYER, CONFIG, PROFILE, MEMORY, CACHE, RUNTIME,
             ENGINE, CONTEXT, INSPECTOR, PARSER, ERROR, CLASSES };
const char *NAMES[] = {"VBuilder", "VNetworkDefinition", "VTensor", "VLayer",
    "VBuilderConfig", "VOptimizationProfile", "VHostMemory", "VTimingCache", "VRuntime",
    "VCudaEngine", "VExecutionContext", "VEngineInspector", "IParser", "IParserError"};
constexpr int PLACES = 100;

template <int C, int N> void unexpected() {
    fprintf(stderr, "nothing is played at place %d of %s\n", N, NAMES[C]);
    stub_note("nothing is played at place %d of %s", N, NAMES[C]);
    abort();
}
struct Table { void *offset; const void *type; void *places[PLACES]; };
Table tables[CLASSES];
template <int C, int... N> void fill(std::integer_sequence<int, N...>) {
    tables[C].type = &typeid(Outer);
    ((tables[C].places[N] = (void *) unexpected<C, N>), ...);
}
template <int... C> void fill_all(std::integer_sequence<int, C...>) {
    (fill<C>(std::make_integer_sequence<int, PLACES>()), ...);
}

struct Impl {
    void **table;
    Class kind;
    void *logger = nullptr;
    std::string text, model;
    int64_t batch = 1, flags = 1 << 6;  // TF32 is on by default
    int dla = -1;
    int64_t shape[2] = {-1, 4};
    void *addresses[2] = {nullptr, nullptr};
    const char *of = "x";
    Outer *tensor = nullptr, *second = nullptr, *parts[2] = {nullptr, nullptr};
    Impl *source = nullptr;
    explicit Impl(Class kind) : table(tables[kind].places), kind(kind) {}
};
Impl *impl(Outer *outer) { return (Impl *) outer->impl; }
Outer *made(Impl *impl) { return new Outer(impl, NAMES[impl->kind]); }
void say(void *logger, const char *text) {
    using Log = void (*)(void *, int, const char *);
    (*(Log **) logger)[LOG_PLACE](logger, 1, text);
}

// the builder and its network
void *network_of(Impl *self, uint32_t flags) {
    stub_note("createNetworkV2 flags %u", flags);
    auto *network = new Impl(NETWORK);
    for (int i = 0; i < 2; i++) {
        auto *tensor = new Impl(TENSOR);
        tensor->of = i ? "y" : "x";
        tensor->source = network;
        (i ? network->second : network->tensor) = made(tensor);
    }
    auto *layer = new Impl(LAYER);
    layer->second = network->second;
    network->parts[0] = made(layer);
    return made(network);
}
void *config_of(Impl *) { return made(new Impl(CONFIG)); }
void *profile_of(Impl *) { return made(new Impl(PROFILE)); }
int32_t dla_cores(Impl *) { return 2; }
void *plan_of(Impl *self, Outer *network, Outer *config) {
    Impl *n = impl(network), *c = impl(config);
    stub_note("buildSerializedNetwork flags %lld dla %d batch %lld", (long long) c->flags,
              c->dla, (long long) c->batch);
    if (stub_fails("buildSerializedNetwork")) {
        say(self->logger, "stand-in: no tactic");
        return nullptr;
    }
    std::ostringstream text;
    text << "engine " << c->batch << " " << c->dla << " " << (c->flags >> 6 & 1);
    auto *memory = new Impl(MEMORY);
    memory->text = text.str();
    return made(memory);
}
void *data(Impl *self) { return self->text.data(); }
size_t size(Impl *self) { return self->text.size(); }
int32_t one(Impl *) { return 1; }
int32_t two(Impl *) { return 2; }
void *input(Impl *self, int32_t) { return self->tensor; }
void *layer(Impl *self, int32_t) { return self->parts[0]; }
const char *layer_name(Impl *) { return "double"; }
int32_t layer_kind(Impl *) { return 3; }
void *output(Impl *self, int32_t) { return self->second; }
const char *tensor_name(Impl *self) { return self->of; }
Dims tensor_dims(Impl *self) {
    return Dims{2, {self->source->shape[0], self->source->shape[1]}};
}
int32_t tensor_type(Impl *self) {
    return self->source->model.find("FP8") == std::string::npos ? 0 : 6;  // kFP8
}
bool no(Impl *) { return false; }
void set_flag(Impl *self, int32_t flag) { self->flags |= 1ll << flag; }
void clear_flag(Impl *self, int32_t flag) { self->flags &= ~(1ll << flag); }
bool get_flag(Impl *self, int32_t flag) { return self->flags >> flag & 1; }
void set_device(Impl *, int32_t device) { stub_note("setDefaultDeviceType %d", device); }
void set_core(Impl *self, int32_t core) { self->dla = core; }
void set_verbosity(Impl *, int32_t v) { stub_note("setProfilingVerbosity %d", v); }
int32_t add_profile(Impl *self, Outer *profile) {
    self->batch = impl(profile)->batch;
    return 0;
}
void *cache_of(Impl *, const void *blob, size_t size) {
    stub_note("createTimingCache %zu", size);
    auto *cache = new Impl(CACHE);
    cache->text = std::string((const char *) blob, size);
    return made(cache);
}
bool set_cache(Impl *, Outer *cache, bool) { return impl(cache)->text != "of another device"; }
void *cache_text(Impl *) {
    auto *memory = new Impl(MEMORY);
    memory->text = "timings";
    return made(memory);
}
bool set_dims(Impl *self, const char *name, int32_t which, const Dims &dims) {
    stub_note("setDimensions %s %d [%lld, %lld]", name, which, (long long) dims.d[0],
              (long long) dims.d[1]);
    self->batch = dims.d[0];
    return true;
}

// the parser: the text of the file says what shall happen
bool parse(Impl *self, const char *path, int32_t) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    Impl *network = self->source;
    network->model = text.str();
    if (network->model.find("FIXED") != std::string::npos) network->shape[0] = 7;
    return network->model.find("REFUSED") == std::string::npos;
}
void *error(Impl *, int32_t) { return new Impl(ERROR); }
const char *error_text(void *) { return "stand-in: no importer for operator REFUSED"; }
int32_t errors(Impl *self) {
    return self->source->model.find("REFUSED") == std::string::npos ? 0 : 1;
}

// the runtime
void *engine_of(Impl *self, const void *blob, size_t size) {
    std::istringstream text(std::string((const char *) blob, size));
    std::string word;
    auto *engine = new Impl(ENGINE);
    if (!(text >> word >> engine->batch >> engine->dla >> engine->flags)) {
        say(self->logger, "stand-in: not an engine");
        return nullptr;
    }
    engine->logger = self->logger;
    return made(engine);
}
void *context_of(Impl *self, int32_t) {
    auto *context = new Impl(CONTEXT);
    context->source = self;
    return made(context);
}
const char *io_name(Impl *, int32_t index) { return index ? "x" : "y"; }
bool is_x(const char *name) { return !strcmp(name, "x"); }
int32_t io_mode(Impl *, const char *name) { return is_x(name) ? 1 : 2; }
int32_t io_type(Impl *, const char *) { return 0; }
Dims io_shape(Impl *, const char *) { return Dims{2, {-1, 4}}; }
bool set_input_shape(Impl *self, const char *, const Dims &dims) {
    self->batch = dims.d[0];
    return self->batch == self->source->batch;
}
Dims context_shape(Impl *self, const char *) { return Dims{2, {self->batch, 4}}; }
bool set_address(Impl *self, const char *name, void *address) {
    self->addresses[!is_x(name)] = address;
    return true;
}
void doubled(void *to, void *from, unsigned long long n) {
    for (unsigned long long i = 0; i < n; i++) ((float *) to)[i] = 2 * ((float *) from)[i];
}
bool enqueue(Impl *self, void *stream) {
    stub_note("enqueueV3");
    if (stub_fails("enqueueV3")) {
        say(self->source->logger, "stand-in: cannot enqueue");
        return false;
    }
    stub_act(stream, doubled, self->addresses[1], self->addresses[0], self->batch * 4);
    return true;
}
void *inspector_of(Impl *) { return made(new Impl(INSPECTOR)); }
const char *information(Impl *, int32_t format) {
    stub_note("getEngineInformation %d", format);
    const char *told = getenv("STUB_LAYERS");
    return told ? told : "{\"Layers\": [{\"Name\": \"double\", \"LayerType\": \"kgen\","
        " \"Inputs\": [{\"Name\": \"x\", \"Format/Datatype\": \"Float\"}],"
        " \"Outputs\": [], \"TacticName\": \"stand-in\"}], \"Bindings\": [\"x\", \"y\"]}";
}
void nothing(void *) {}
void *itself(Impl *self) { return self; }

#define PLAY(kind, slot, function) tables[kind].places[slot] = (void *) function;
__attribute__((constructor)) static void play() {
    fill_all(std::make_integer_sequence<int, CLASSES>());
    PLAYED
}

extern "C" void *createInferBuilder_INTERNAL(void *logger, int32_t version) {
    stub_note("createInferBuilder version %d", version);
    auto *builder = new Impl(BUILDER);
    builder->logger = logger;
    return made(builder);
}
extern "C" void *createInferRuntime_INTERNAL(void *logger, int32_t version) {
    auto *runtime = new Impl(RUNTIME);
    runtime->logger = logger;
    return made(runtime);
}
extern "C" void *createNvOnnxParser_INTERNAL(void *network, void *logger, int version) {
    auto *parser = new Impl(PARSER);
    parser->source = impl((Outer *) network);
    return parser;
}
extern "C" int getNvOnnxParserVersion() { return 0; }
extern "C" void createInferRefitter_INTERNAL() { abort(); }
extern "C" void createNvOnnxParserRefitter_INTERNAL() { abort(); }
extern "C" void getPluginRegistry() { abort(); }
extern "C" void getBuilderPluginRegistry() { abort(); }
extern "C" void initLibNvInferPlugins() { abort(); }
