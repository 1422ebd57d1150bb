/* What is wrong from outside, command by command: exit code 2, one line that says what, where and
 * what to do, and no result under a final name. The readers have tests of their own; here is what a
 * user sees. */
#include "common/base/io.h"
#include "tests/child.h"
#include "tests/cli/tiny.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAXIMUM_WORDS = 16 };

typedef struct wrong {
    const char *line;        ///< words after "retort"; OUT is a folder of the row's own
    const char *messages[3]; ///< what the error must say
} wrong;

static void expect_absent(const char *folder, const char *name)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_expect_neq(access(path, F_OK), 0, "'%s' was left behind", path);
}

static void check_row(const wrong *row, int number)
{
    char line[512], out[32], *words[MAXIMUM_WORDS + 1] = {NULL}, *rest = line;
    snprintf(line, sizeof line, "%s", row->line);
    snprintf(out, sizeof out, "out-%d", number);
    for (int i = 0; i < MAXIMUM_WORDS && rest != NULL; i++) {
        words[i] = strsep(&rest, " ");
        if (strcmp(words[i], "OUT") == 0) words[i] = out;
    }
    const rt_child *child =
        rt_test_retort(words[0], words[1], words[2], words[3], words[4], words[5], words[6],
                       words[7], words[8], words[9], words[10], words[11], NULL);
    cr_expect_eq(child->code, 2, "%s: exit code %d\n%s", row->line, child->code, child->errors);
    for (size_t i = 0; i < RT_COUNT(row->messages) && row->messages[i] != NULL; i++)
        cr_expect_not_null(strstr(child->errors, row->messages[i]), "%s\nwanted: %s\ngot: %s",
                           row->line, row->messages[i], child->errors);
    cr_expect_not_null(strstr(child->errors, ": error: "), "%s\n%s", row->line, child->errors);
    cr_expect_str_empty(child->output, "%s\n%s", row->line, child->output);
    const char *folder = rt_test_path(out);
    static const char *const results[] = {"model.safetensors", "summary.json", "index.h5",
                                          "shard-000000.h5", "store/shard-000000.h5"};
    for (size_t i = 0; i < RT_COUNT(results); i++) expect_absent(folder, results[i]);
}

#define CHECK(rows)                                                                                \
    for (size_t row_ = 0; row_ < RT_COUNT(rows); row_++) check_row(&(rows)[row_], (int)row_)

/* A good world, to which each test adds what is wrong. */
static void make_world(void)
{
    rt_tiny_configs();
    rt_tiny_store("store", &(rt_tiny){0});
    rt_tiny_model("teacher.safetensors", &(rt_tiny){0}, NULL);
}

Test(cli_bad_input, configs)
{
    make_world();
    rt_tiny_text("unknown.yaml", "teacher: teacher.safetensors\ngenerator_width: 2\nround: 3\n");
    rt_tiny_text("type.yaml", "store: store\narch: resnet8\naugment: {flip: perhaps}\n");
    rt_tiny_text("list.yaml", "teacher: teacher.safetensors\nstores: store\n");
    rt_tiny_text("section.yaml", "teacher: t\ngenerate: 5\n");
    rt_tiny_text("syntax.yaml", "teacher: [1, 2\nstores: x\n");
    rt_tiny_text("empty.yaml", "");
    rt_tiny_text("twice.yaml", "teacher: a\nteacher: b\n");
    cr_assert_eq(mkdir(rt_test_path("folder.yaml"), 0700), 0);
    static const wrong rows[] = {
        {"train nowhere.yaml --out OUT", {"no file 'nowhere.yaml'"}},
        {"generate folder.yaml --out OUT", {"'folder.yaml' is not a regular file"}},
        {"generate unknown.yaml --out OUT",
         {"unknown key 'round'", "'unknown.yaml:3:", "did you mean 'rounds'?"}},
        {"train type.yaml --out OUT", {"'perhaps'", "'augment.flip'", "'type.yaml:3:"}},
        {"distill list.yaml --out OUT", {"'stores'", "'list.yaml:2:"}},
        {"run section.yaml --out OUT", {"'generate'", "'section.yaml:2:"}},
        {"distill syntax.yaml --out OUT", {"not valid YAML in 'syntax.yaml:2:"}},
        {"distill empty.yaml --out OUT", {"'teacher'"}},
        {"generate twice.yaml --out OUT", {"'teacher'", "'twice.yaml:2:"}},
        {"train train.yaml --out OUT --set batch_size=four",
         {"'four'", "'batch_size'", "whole number"}},
        {"train train.yaml --out OUT --set batch_size=1", {"'1'", "'batch_size'", "2"}},
        {"generate generate.yaml --out OUT --set beta1=nan", {"'nan'", "'beta1'"}},
        {"distill distill.yaml --out OUT --set tempreture=1",
         {"unknown key 'tempreture'", "did you mean 'temperature'?"}},
        {"distill distill.yaml --out OUT --set loss=ln", {"'ln'", "'loss'", "kl"}},
        {"run run.yaml --out OUT --set rounds", {"'rounds'"}},
        {"run run.yaml --out OUT --seed -1", {"bad value '-1' of '--seed'"}},
        {"run run.yaml", {"--out"}},
        {"run run.yaml --out train.yaml/run", {"'train.yaml'", "a file is in its place"}},
        {"distill --resume --out OUT", {"nothing to resume"}},
        {"distill --resume", {"'--resume' needs '--out'"}},
    };
    CHECK(rows);
}

Test(cli_bad_input, data_that_does_not_fit)
{
    make_world();
    rt_tiny_store("large", &(rt_tiny){.side = 12});
    rt_tiny_store("coloured", &(rt_tiny){.channels = 3});
    rt_tiny_store("four", &(rt_tiny){.classes = 4});
    rt_tiny_model("four.safetensors", &(rt_tiny){.classes = 4}, NULL);
    rt_tiny_model("large.safetensors", &(rt_tiny){.side = 12}, NULL);
    static const wrong rows[] = {
        {"evaluate --model teacher.safetensors --data large", {"'large'", "12x12x1", "8x8x1"}},
        {"evaluate --model teacher.safetensors --data coloured", {"'coloured'", "8x8x3", "8x8x1"}},
        {"evaluate --model teacher.safetensors --data four",
         {"'four'", "in 4 classes", "in 3 classes"}},
        {"distill distill.yaml --out OUT --set stores=[large]", {"'large'", "12x12x1", "8x8x1"}},
        {"distill distill.yaml --out OUT --set stores=[four]",
         {"'four'", "in 4 classes", "in 3 classes"}},
        {"distill distill.yaml --out OUT --set stores=[store,four]", {"'four'", "'store'"}},
        {"distill distill.yaml --out OUT --set stores=[]", {"stores"}},
        {"distill distill.yaml --out OUT --set noise=true", {"stores or noise, not both"}},
        {"distill distill.yaml --out OUT --set batch_size=13",
         {"'store' has 12 samples", "batch of 13", "lower batch_size"}},
        {"distill distill.yaml --out OUT --set initial=four.safetensors",
         {"the student in 'four.safetensors'", "in 4 classes", "in 3 classes"}},
        {"generate generate.yaml --out OUT --set student=four.safetensors "
         "--set weight.adversarial=1",
         {"the student in 'four.safetensors'", "in 4 classes", "in 3 classes"}},
        {"generate generate.yaml --out OUT --set student=large.safetensors "
         "--set weight.adversarial=1",
         {"12x12x1", "8x8x1"}},
        {"train train.yaml --out OUT --set arch=resnet9", {"'resnet9'", "6n+2"}},
        {"train train.yaml --out OUT --set arch=lenet", {"unknown architecture 'lenet'", "vgg8"}},
        {"train train.yaml --out OUT --set stem=large", {"'resnet8' has no large stem"}},
        {"distill distill.yaml --out OUT --set stem=tall",
         {"unknown stem 'tall'", "small or large"}},
        {"generate generate.yaml --out OUT --set teacher_stem=large",
         {"'teacher.safetensors'", "'resnet8' has no large stem"}},
        {"train train.yaml --out OUT --set batch_size=64", {"12 samples", "lower batch_size"}},
    };
    CHECK(rows);
}

Test(cli_bad_input, imports)
{
    rt_tiny_idx("a", 6);
    rt_tiny_text("b-images-idx3-ubyte", "not IDX");
    rt_tiny_text("b-labels-idx1-ubyte", "not IDX");
    static const wrong rows[] = {
        {"import qqqqqqqqqq a-images-idx3-ubyte --out OUT", {"unknown format 'qqqqqqqqqq'"}},
        {"import idx nowhere-images-idx3-ubyte --out OUT", {"no file 'nowhere-images"}},
        {"import idx b-images-idx3-ubyte --out OUT", {"'b-images-idx3-ubyte' is not an IDX file"}},
        {"import idx a-labels-idx1-ubyte --out OUT", {"'images-idx3' in its name"}},
        {"import idx a-images-idx3-ubyte --split test --out OUT", {"is no folder", "split"}},
        {"import idx a-images-idx3-ubyte --pad 4096 --out OUT",
         {"images of 8200x8200 cannot be stored", "up to 4096"}},
        {"import idx a-images-idx3-ubyte --pad 4097 --out OUT", {"bad value '4097' of '--pad'"}},
        {"import idx a-images-idx3-ubyte --resize 0x4 --out OUT", {"bad value '0x4'"}},
        {"import idx a-images-idx3-ubyte --shard-samples 16777216 --out OUT",
         {"16777216 samples a shard", "256 MiB"}},
        {"import cifar10 . --out OUT", {"give --split train or --split test"}},
        {"import cifar100 . --split test --out OUT", {"no file './test.bin'"}},
        {"import fashion-mnist a-images-idx3-ubyte --out OUT", {"is not Fashion-MNIST", "8x8"}},
        {"import folder a-images-idx3-ubyte --out OUT", {"'a-images-idx3-ubyte' does not exist"}},
        {"import idx a-images-idx3-ubyte --out a-images-idx3-ubyte", {"is there already"}},
    };
    CHECK(rows);
}

#define EIGHT "s,s,s,s,s,s,s,s,"

/* Values that are good alone and not together, or not with the teacher. */
Test(cli_bad_input, keys_that_do_not_go_together)
{
    make_world();
    rt_tiny_model("ten.safetensors", &(rt_tiny){.side = 10}, NULL);
    static const wrong rows[] = {
        {"generate generate.yaml --out OUT --set generator_width=3", {"generator_width 3"}},
        {"generate generate.yaml --out OUT --set teacher=ten.safetensors",
         {"multiples of 4, not 10x10", "--pad"}},
        {"generate generate.yaml --out OUT --set weight.batch_norm=0 --set weight.one_hot=0",
         {"every term of the synthesis loss is switched off"}},
        {"generate generate.yaml --out OUT --set teacher_mean=[0.5,0.5]",
         {"teacher_mean and teacher_std need 3 numbers"}},
        {"distill distill.yaml --out OUT --set weight.logits=0",
         {"every term of the student's loss has weight 0"}},
        {"distill distill.yaml --out OUT --set use_stored_logits=true --set augment.flip=true",
         {"stored logits are those of unchanged images"}},
        {"distill distill.yaml --out OUT --set stores=[" EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT
             EIGHT "s]",
         {"65 stores are more than 64"}},
        {"run run.yaml --out OUT --set distill.use_stored_logits=true "
         "--set generate.store_logits=false",
         {"distill.use_stored_logits needs generate.store_logits"}},
        {"bench everything",
         {"cannot measure 'everything'; there are conv2d, step, train and evaluate"}},
        {"bench --list --json", {"--list prints names, not JSON; leave --json out"}},
        {"bench conv2d distill.yaml", {"conv2d takes no config"}},
    };
    CHECK(rows);
}

Test(cli_bad_input, stores)
{
    char sha256[RT_SHA256_TEXT];
    make_world();
    rt_tiny_model("teacher.safetensors", &(rt_tiny){0}, sha256);
    const char *other = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    rt_tiny_store("other", &(rt_tiny){.teacher_sha256 = other});
    rt_tiny_store("own", &(rt_tiny){.teacher_sha256 = sha256});
    rt_tiny_store("damaged", &(rt_tiny){0});
    rt_tiny_store("gap", &(rt_tiny){0});
    rt_tiny_store("text", &(rt_tiny){0});
    size_t size;
    uint8_t *bytes = rt_test_read(rt_test_path("damaged/shard-000001.h5"), &size);
    bytes[size / 2] ^= 1;
    rt_test_write(rt_test_path("damaged/shard-000001.h5"), bytes, size);
    free(bytes);
    cr_assert_eq(unlink(rt_test_path("gap/shard-000001.h5")), 0);
    rt_tiny_text("text/shard-000000.h5", "this is no HDF5 file at all, is it");
    cr_assert_eq(mkdir(rt_test_path("bare"), 0700), 0);
    static const wrong rows[] = {
        {"distill distill.yaml --out OUT --set stores=[other] --set allow_other_teacher=false",
         {"'other' was made with another teacher", "allow_other_teacher"}},
        {"distill distill.yaml --out OUT --set stores=[other] --set use_stored_logits=true",
         {"'other'", "another teacher", "use_stored_logits: false"}},
        {"train train.yaml --out OUT --set store=nowhere", {"store 'nowhere' does not exist"}},
        {"train train.yaml --out OUT --set store=bare", {"'bare' is not a store"}},
        {"train train.yaml --out OUT --set store=train.yaml", {"'train.yaml'"}},
        {"evaluate --model teacher.safetensors --data damaged", {"damaged/shard-000001.h5"}},
        {"inspect damaged", {"damaged/shard-000001.h5"}},
        {"inspect damaged --verify --npy arrays", {"damaged/shard-000001.h5"}},
        {"distill distill.yaml --out OUT --set stores=[gap]", {"'gap' lacks 'shard-000001.h5'"}},
        {"inspect text", {"text/shard-000000.h5", "HDF5"}},
        {"inspect bare", {"'bare' is neither a store"}},
        {"inspect store --pick boundary --png store/x/grid.png", {"store/x/grid.png"}},
        {"inspect store --npy train.yaml", {"'train.yaml'", "a file is in its place"}},
        {"inspect store --png train.yaml", {"'train.yaml", "a file is in its place"}},
        {"inspect store --png pictures --pick random", {"'--png pictures'", "ends in .png"}},
        {"inspect teacher.safetensors --png pictures", {"only stores and runs have images"}},
    };
    CHECK(rows);
    cr_assert_neq(access(rt_test_path("arrays/images.npy"), F_OK), 0);
    /* and the teacher's own store is taken, with its logits */
    rt_test_retort_ends(0, "distill", "distill.yaml", "--out", "good", "--set", "stores=[own]",
                        "--set", "use_stored_logits=true", "--set", "allow_other_teacher=false",
                        "--set", "steps=1", "--quiet");
}

/* A store that another process writes: the second writer says whose it is, and waits for nothing.
 */
Test(cli_bad_input, a_store_with_a_writer)
{
    rt_lock lock;
    char pid[32];
    make_world();
    cr_assert_eq(mkdir(rt_test_path("theirs"), 0700), 0);
    cr_assert_eq(rt_lock_take(&lock, rt_test_path("theirs/lock"), "theirs"), RT_OK);
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    const wrong rows[] = {{"generate generate.yaml --out OUT --set store=theirs",
                           {"store 'theirs' is being written by", pid, "wait, or stop that"}}};
    CHECK(rows);
    rt_lock_release(&lock);
}

/* A store of the next format, made by another program from a good one. */
Test(cli_bad_input, stores_of_another_format)
{
    static const char script[] = "import glob, h5py, numpy, sys\n"
                                 "for p in glob.glob(sys.argv[1] + '/store/shard-*.h5'):\n"
                                 "    with h5py.File(p, 'r+', libver=('v110', 'v110')) as f:\n"
                                 "        f.attrs.modify('format_version', numpy.uint64(2))\n";
    make_world();
    const int result = rt_test_python("h5py", script, rt_test_folder());
    if (result < 0) cr_skip_test("python3-h5py is not installed");
    cr_assert_eq(result, 0);
    static const wrong rows[] = {
        {"inspect store", {"shard-000000.h5' has store format 2", "use a newer one"}},
        {"evaluate --model teacher.safetensors --data store", {"store format 2"}},
    };
    CHECK(rows);
}

Test(cli_bad_input, models)
{
    make_world();
    rt_tiny_model("nan.safetensors", &(rt_tiny){.broken_tensor = "layer1.0.conv1.weight"}, NULL);
    rt_tiny_model("wide.safetensors", &(rt_tiny){.base_width = "1000000"}, NULL);
    rt_tiny_model("minus.safetensors", &(rt_tiny){.base_width = "-4"}, NULL);
    size_t size;
    uint8_t *bytes = rt_test_read(rt_test_path("teacher.safetensors"), &size);
    rt_test_write(rt_test_path("short.safetensors"), bytes, size - 1);
    rt_test_write(rt_test_path("head.safetensors"), bytes, 100);
    bytes[size - 5] ^= 64;
    rt_test_write(rt_test_path("flipped.safetensors"), bytes, size);
    free(bytes);
    rt_tiny_text("text.safetensors", "a text that somebody named like a model");
    static const wrong rows[] = {
        {"evaluate --model nowhere.safetensors --data store", {"no file 'nowhere.safetensors'"}},
        {"evaluate --model store --data store", {"'store' is not a regular file"}},
        {"evaluate --model text.safetensors --data store", {"'text.safetensors'", "header"}},
        {"evaluate --model short.safetensors --data store", {"'short.safetensors'"}},
        {"evaluate --model head.safetensors --data store", {"'head.safetensors'"}},
        {"inspect flipped.safetensors", {"'flipped.safetensors'", "sha256"}},
        {"evaluate --model nan.safetensors --data store",
         {"'nan.safetensors'", "'layer1.0.conv1.weight'", "nan"}},
        {"generate generate.yaml --out OUT --set teacher=nan.safetensors",
         {"'nan.safetensors'", "'layer1.0.conv1.weight'"}},
        {"run run.yaml --out OUT --set teacher=nan.safetensors",
         {"'nan.safetensors'", "'layer1.0.conv1.weight'"}},
        {"evaluate --model wide.safetensors --data store",
         {"'wide.safetensors'", "another shape than the architecture"}},
        {"evaluate --model minus.safetensors --data store", {"'base_width'", "'-4'"}},
        {"distill distill.yaml --out OUT --set teacher=head.safetensors", {"'head.safetensors'"}},
        {"evaluate --data store", {"'--model' is missing"}},
        {"evaluate --model teacher.safetensors", {"'--data' is missing"}},
        {"evaluate --model teacher.safetensors --data store --batch-size 0",
         {"bad value '0' of '--batch-size'"}},
        {"evaluate --model teacher.safetensors --data store --mean 0.5,0.5",
         {"bad value '0.5,0.5' of '--mean'"}},
        {"evaluate --model teacher.safetensors --data store --std nan",
         {"bad value 'nan' of '--std'"}},
        {"evaluate --model teacher.safetensors --data store --stem large",
         {"'teacher.safetensors'", "'resnet8' has no large stem"}},
    };
    CHECK(rows);
}

/* Retort works from the shards alone; only --verify looks at the index. */
Test(cli_bad_input, an_index_of_nonsense)
{
    make_world();
    rt_tiny_text("store/index.h5", "nonsense");
    rt_test_retort_ends(0, "inspect", "store");
    rt_test_retort_ends(0, "evaluate", "--model", "teacher.safetensors", "--data", "store");
    static const wrong rows[] = {{"inspect store --verify", {"'store/index.h5'", "HDF5"}}};
    CHECK(rows);
    cr_assert_eq(unlink(rt_test_path("store/index.h5")), 0);
    rt_test_retort_ends(0, "inspect", "store", "--verify");
}

Test(cli_bad_input, a_run_without_a_store)
{
    cr_assert_eq(mkdir(rt_test_path("run"), 0700), 0);
    rt_tiny_text("run/config.yaml", "seed: 1\n");
    rt_test_retort_ends(0, "inspect", "run");
    const rt_child *child = rt_test_retort_ends(2, "inspect", "run", "--grid", "2x2");
    cr_assert_not_null(strstr(child->errors, "the run 'run' has no store"), "%s", child->errors);
}

/* A result that cannot be printed is an error too. */
Test(cli_bad_input, a_full_standard_output)
{
    const int status = system(RT_BUILD_FOLDER "/retort help >/dev/full 2>/dev/null");
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}

/* Finite weights whose logits are not: the model is no good, and no accuracy is reported. */
Test(cli_bad_input, logits_that_are_not_finite)
{
    rt_tiny_store("store", &(rt_tiny){0});
    rt_tiny_model("huge.safetensors", &(rt_tiny){.huge_logits = true}, NULL);
    const rt_child *child =
        rt_test_retort_ends(4, "evaluate", "--model", "huge.safetensors", "--data", "store");
    cr_assert_not_null(strstr(child->errors, "of sample 0 is"), "%s", child->errors);
    cr_assert_str_empty(child->output);
}

/* Messages show what a hostile name would do to a terminal. */
Test(cli_bad_input, names_are_shown_escaped)
{
    const rt_child *child = rt_test_retort_ends(2, "inspect", "a\x1B[31m\nb");
    cr_assert_not_null(strstr(child->errors, "'a\\x1b[31m\\x0ab' does not exist"), "%s",
                       child->errors);
}
