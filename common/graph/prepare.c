#include "common/graph/graph_private.h"

static bool is_first(const rt_step_list *list, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (list->steps[i].node != NULL &&
            list->steps[i].node->operator_ == list->steps[index].node->operator_)
            return false;
    return true;
}

/* All steps of the operator whose first step is at `first`. */
static rt_status prepare(const rt_step_list *list, uint32_t first, rt_device *device)
{
    const rt_operator *operator_ = list->steps[first].node->operator_;
    uint32_t count = 0;
    rt_work *work;
    RT_TRY(RT_ALLOC(work, list->count - first));
    for (uint32_t i = first; i < list->count; i++) {
        const rt_step *step = &list->steps[i];
        if (step->node == NULL || step->node->operator_ != operator_) continue;
        const bool forward = step->kind == RT_STEP_FORWARD;
        work[count++] = (rt_work){step->node, forward ? RT_PASS_FORWARD : RT_PASS_BACKWARD};
    }
    const rt_status status = operator_->prepare(device, work, count);
    rt_free(work);
    return status;
}

rt_status rt_steps_prepare(const rt_step_list *list, rt_device *device)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->steps[i].node != NULL && list->steps[i].node->operator_->prepare != NULL &&
            is_first(list, i))
            RT_TRY(prepare(list, i, device));
    return RT_OK;
}
