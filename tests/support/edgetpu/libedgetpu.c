/* A stand-in for libedgetpu: a real external delegate of TensorFlow Lite whose graphs
   compute 255 - x. It takes no other operator, no option that libedgetpu lacks, and no
   device but those in FAKE_EDGETPU, such as "usb,pci". Layouts: TensorFlow Lite's
   core/c/common.h; names: libedgetpu.json. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { int size; int data[]; } Ints;
typedef struct Delegate Delegate;
typedef struct Context Context;

typedef struct {
  int type;
  unsigned char* data;
  Ints* dims;
  struct { float scale; int32_t zero_point; } params;
  int allocation;
  size_t bytes;
  const void* mapped;
  const char* name;
  Delegate* delegate;
  int handle;
  bool stale, variable;
  struct { int type; void* params; } quantisation;
  void* sparsity;
  const Ints* signature;
} Tensor;

typedef struct {
  Ints *inputs, *outputs, *intermediates, *temporaries;
  void *user, *builtin;
  const void* initial;
  int initial_bytes;
  Delegate* delegate;
  bool side_effect;
} Node;

typedef struct {
  void* (*init)(Context*, const char*, size_t);
  void (*free)(Context*, void*);
  int (*prepare)(Context*, Node*);
  int (*invoke)(Context*, Node*);
  const char* (*profiling)(const Context*, const Node*);
  int32_t builtin_code;
  const char* custom_name;
  int version;
  void* external;
  void* (*async)(Context*, Node*);
  uint64_t in_place;
} Registration;

struct Context {
  size_t tensors_size;
  int (*plan)(Context*, Ints**);
  Tensor* tensors;
  void* impl;
  int (*resize)(Context*, Tensor*, Ints*);
  void (*report)(Context*, const char*, ...);
  int (*add)(Context*, int, int*);
  int (*node)(Context*, int, Node**, Registration**);
  int (*replace)(Context*, Registration, const Ints*, Delegate*);
};

struct Delegate {
  void* data;
  int (*prepare)(Context*, Delegate*);
  int (*copy_from)(Context*, Delegate*, int, Tensor*);
  int (*copy_to)(Context*, Delegate*, int, Tensor*);
  void (*free_handle)(Context*, Delegate*, int*);
  int64_t flags;
  void* builder;
};

enum edgetpu_device_type { EDGETPU_APEX_PCI = 0, EDGETPU_APEX_USB = 1 };
struct edgetpu_device { enum edgetpu_device_type type; const char* path; };

struct edgetpu_device* edgetpu_list_devices(size_t* count) {
  struct edgetpu_device* found = calloc(16, sizeof *found);
  const char* told = getenv("FAKE_EDGETPU");
  for (*count = 0; told && *told && *count < 16; ++*count) {
    bool usb = strncmp(told, "usb", 3) == 0;
    found[*count].type = usb ? EDGETPU_APEX_USB : EDGETPU_APEX_PCI;
    found[*count].path = usb ? "/sys/bus/usb/devices/2-1" : "/dev/apex_0";
    told += strcspn(told, ",");
    told += *told == ',';
  }
  return found;
}

void edgetpu_free_devices(struct edgetpu_device* devices) { free(devices); }

const char* edgetpu_version(void) { return "BuildLabel(fake), RuntimeVersion(14)"; }

static bool there(const char* device) {
  size_t count;
  struct edgetpu_device* found = edgetpu_list_devices(&count);
  int kind = -1, index = 0;
  const char* rest = device;
  if (strncmp(device, "usb", 3) == 0) kind = EDGETPU_APEX_USB, rest += 3;
  if (strncmp(device, "pci", 3) == 0) kind = EDGETPU_APEX_PCI, rest += 3;
  char extra;
  bool known = *rest == 0 || sscanf(rest, ":%d%c", &index, &extra) == 1;
  int fitting = 0;
  for (size_t i = 0; i < count; ++i)
    fitting += kind < 0 || (int)found[i].type == kind;
  edgetpu_free_devices(found);
  return known && index >= 0 && index < fitting;
}

static void* begin(Context* context, const char* buffer, size_t length) {
  (void)context, (void)buffer, (void)length;
  return NULL;
}

static void end(Context* context, void* user) { (void)context, (void)user; }

static int ready(Context* context, Node* node) {
  (void)context;
  return node->inputs->size == 1 && node->outputs->size == 1 ? 0 : 1;
}

static int run(Context* context, Node* node) {
  const Tensor* x = &context->tensors[node->inputs->data[0]];
  Tensor* y = &context->tensors[node->outputs->data[0]];
  if (x->bytes != y->bytes) return 1;
  if (memcmp(x->data, "\x4d\x4d\x4d\x4d", 4) == 0) return 1; /* it was pulled out */
  for (size_t i = 0; i < x->bytes; ++i) y->data[i] = 255 - x->data[i];
  return 0;
}

static int take(Context* context, Delegate* delegate) {
  Ints* plan;
  if (context->plan(context, &plan)) return 1;
  int count = plan->size, nodes[64];
  if (count > 64) return 1;
  memcpy(nodes, plan->data, count * sizeof *nodes);
  Registration own = {.init = begin, .free = end, .prepare = ready, .invoke = run,
                      .custom_name = "EdgeTpuDelegateForCustomOp", .version = 1};
  for (int i = 0; i < count; ++i) {
    Node* node;
    Registration* found;
    if (context->node(context, nodes[i], &node, &found)) return 1;
    const char* name = found->custom_name;
    if (!name || strcmp(name, "edgetpu-custom-op")) continue;
    Ints* one = malloc(sizeof *one + sizeof(int));
    one->size = 1, one->data[0] = nodes[i];
    int status = context->replace(context, own, one, delegate);
    free(one);
    if (status) return 1;
  }
  return 0;
}

Delegate* tflite_plugin_create_delegate(char** keys, char** values, size_t count,
                                        void (*error)(const char*)) {
  (void)error;
  const char* device = "";
  for (size_t i = 0; i < count; ++i) {
    if (strcmp(keys[i], "device")) return NULL;
    device = values[i];
  }
  if (!there(device)) return NULL;
  Delegate* made = calloc(1, sizeof *made);
  made->prepare = take;
  made->flags = 1; /* dynamic tensors */
  return made;
}

void tflite_plugin_destroy_delegate(Delegate* delegate) { free(delegate); }
