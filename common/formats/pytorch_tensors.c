/* From a pickle's note of how tensors are made to the tensors. */
#include "common/formats/pytorch_storage.h"

#include <string.h>

#define TENSOR_V2 "torch._utils._rebuild_tensor_v2"
#define TENSOR_V1 "torch._utils._rebuild_tensor"
#define PARAMETER "torch._utils._rebuild_parameter"

static bool is_tensor(const rt_pickle_value *value)
{
    return rt_pickle_calls(value, TENSOR_V2) || rt_pickle_calls(value, TENSOR_V1) ||
           rt_pickle_calls(value, PARAMETER);
}

static bool holds_tensors(const rt_pickle_value *dict)
{
    if (dict == NULL || dict->kind != RT_PICKLE_DICT) return false;
    for (uint32_t i = 1; i < dict->length; i += 2)
        if (is_tensor(dict->items[i])) return true;
    return false;
}

/* Under a key first: beside a 'state_dict' there may be tensors that are none of the network's
 * (best_accuracy). */
rt_status rt_pytorch_find_tensors(const rt_pickle_value *root, const rt_pickle_value **tensors)
{
    static const char *const keys[] = {"state_dict", "model", "net", "model_state_dict",
                                       "model_state"};
    for (size_t i = 0; i < RT_COUNT(keys); i++) {
        *tensors = rt_pickle_get(root, keys[i]);
        if (holds_tensors(*tensors)) return RT_OK;
    }
    *tensors = root;
    if (holds_tensors(root)) return RT_OK;
    if (root->kind != RT_PICKLE_DICT)
        return rt_fail(RT_ERROR_INPUT,
                       "the checkpoint holds %s instead of a dict of tensors; in PyTorch save only "
                       "the weights: torch.save(model.state_dict(), 'weights.pth')",
                       rt_pickle_kind_name(root->kind));
    return rt_fail(RT_ERROR_INPUT, "the checkpoint holds no tensors, neither itself nor under "
                                   "'state_dict', 'model', 'net', 'model_state_dict' or "
                                   "'model_state'; save the state_dict alone");
}

/* Whole numbers of a tuple (or of torch.Size, called with one). */
static rt_status read_numbers(const char *name, const rt_pickle_value *tuple, uint64_t *numbers,
                              uint32_t *count)
{
    if (rt_pickle_calls(tuple, "torch.Size") && tuple->items[1]->length == 1)
        tuple = tuple->items[1]->items[0];
    if (tuple->kind != RT_PICKLE_TUPLE || tuple->length > RT_SAFETENSORS_MAX_RANK)
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' has more than %d dimensions, or none", name,
                       RT_SAFETENSORS_MAX_RANK);
    for (uint32_t i = 0; i < tuple->length; i++) {
        if (tuple->items[i]->kind != RT_PICKLE_INTEGER || tuple->items[i]->integer < 0)
            return rt_fail(RT_ERROR_INPUT, "tensor '%s' has a dimension or stride below 0", name);
        numbers[i] = (uint64_t)tuple->items[i]->integer;
    }
    *count = tuple->length;
    return RT_OK;
}

/* The last element must lie in the storage, and there may not be more elements than it has: a
 * stride of 0 would make a bomb of one number. */
static rt_status check_extent(const rt_weights_entry *entry, uint64_t offset, uint64_t available)
{
    uint64_t count = 1, last = offset;
    bool overflow = false;
    for (uint32_t d = 0; d < entry->rank; d++) {
        uint64_t step;
        if (entry->shape[d] == 0)
            return rt_fail(RT_ERROR_INPUT, "tensor '%s' has no elements", entry->name);
        overflow |= __builtin_mul_overflow(count, entry->shape[d], &count);
        overflow |= __builtin_mul_overflow(entry->shape[d] - 1, entry->stride[d], &step);
        overflow |= __builtin_add_overflow(last, step, &last);
    }
    if (overflow || last >= available || count > available)
        return rt_fail(RT_ERROR_INPUT,
                       "tensor '%s' reaches beyond its storage of %llu elements, or repeats them",
                       entry->name, (unsigned long long)available);
    return RT_OK;
}

/* (storage, offset, size, stride, ...): the arguments of both ways to make a tensor. */
static rt_status read_tensor(const rt_pickle_value *call, const rt_pytorch_storages *storages,
                             rt_weights_entry *entry, rt_pytorch_storage **storage,
                             uint64_t *offset)
{
    const rt_pickle_value *arguments = call->items[1];
    const char *name = entry->name;
    /* The data of a parameter is a tensor, and that of no other parameter. */
    if (rt_pickle_calls(call, PARAMETER) && arguments->length > 0) {
        call = arguments->items[0];
        if (!rt_pickle_calls(call, TENSOR_V2) && !rt_pickle_calls(call, TENSOR_V1))
            return rt_fail(RT_ERROR_INPUT, "parameter '%s' is not made of a tensor", name);
        arguments = call->items[1];
    }
    if (arguments->length < 4 || arguments->length > 7 ||
        arguments->items[0]->kind != RT_PICKLE_OUTSIDE ||
        arguments->items[1]->kind != RT_PICKLE_INTEGER || arguments->items[1]->integer < 0)
        return rt_fail(RT_ERROR_INPUT,
                       "tensor '%s' is not made of storage, offset, size and "
                       "stride",
                       name);
    uint32_t strides;
    RT_TRY(read_numbers(name, arguments->items[2], entry->shape, &entry->rank));
    RT_TRY(read_numbers(name, arguments->items[3], entry->stride, &strides));
    if (strides != entry->rank)
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' has %u dimensions and %u strides", name,
                       entry->rank, strides);
    *offset = (uint64_t)arguments->items[1]->integer;
    /* read_storage has checked the id, and so that the key is there. */
    *storage = rt_pytorch_storages_find(storages, arguments->items[0]->items[0]->items[2]->text);
    entry->type = (*storage)->type;
    entry->count = 1;
    RT_TRY(check_extent(entry, *offset, (*storage)->count));
    for (uint32_t d = 0; d < entry->rank; d++) entry->count *= entry->shape[d];
    return RT_OK;
}

rt_status rt_pytorch_add_tensors(rt_weights *weights, const rt_pickle_value *tensors,
                                 const rt_pytorch_storages *storages,
                                 rt_status (*load)(void *context, rt_pytorch_storage *storage),
                                 void *context)
{
    uint64_t left = 4 * (uint64_t)weights->bytes.size;
    for (uint32_t i = 0; i + 1 < tensors->length; i += 2) {
        const rt_pickle_value *key = tensors->items[i], *value = tensors->items[i + 1];
        rt_pytorch_storage *storage;
        uint64_t offset;
        if (!is_tensor(value)) continue;
        if (key->kind != RT_PICKLE_TEXT)
            return rt_fail(RT_ERROR_INPUT, "a tensor's name is %s", rt_pickle_kind_name(key->kind));
        rt_weights_entry entry = {.name = key->text};
        RT_TRY(read_tensor(value, storages, &entry, &storage, &offset));
        const size_t width = rt_safetensors_type_size(entry.type);
        if (entry.count > left / width)
            return rt_fail(RT_ERROR_INPUT,
                           "the tensors up to '%s' hold more than four times the "
                           "bytes of the file",
                           entry.name);
        left -= entry.count * width;
        if (storage->data == NULL) RT_TRY(load(context, storage));
        entry.data = storage->data + offset * width;
        RT_TRY(rt_weights_add(weights, &entry));
    }
    return RT_OK;
}
