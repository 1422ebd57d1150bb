# Writes an assembler file that embeds files and a table of (name, begin, end).
# Use: cmake -DKIND=shader -DOUTPUT=embedded.S "-DFILES=a.spv;b.spv" -P embed.cmake
# makes rt_embedded_shaders and rt_embedded_shader_count; a name is the file's without its ending.
set(text "    .section .rodata\n")
set(table "    .section .data.rel.ro,\"aw\"\n    .balign 8\n    .globl rt_embedded_${KIND}s\nrt_embedded_${KIND}s:\n")
set(count 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  set(label ${KIND}_${count})
  string(APPEND text "    .balign 16\ndata_${label}:\n    .incbin \"${file}\"\ndata_${label}_end:\nname_${label}:\n    .asciz \"${name}\"\n")
  string(APPEND table "    .quad name_${label}, data_${label}, data_${label}_end\n")
  math(EXPR count "${count} + 1")
endforeach()
string(APPEND table "    .section .rodata\n    .balign 4\n    .globl rt_embedded_${KIND}_count\nrt_embedded_${KIND}_count:\n    .long ${count}\n    .section .note.GNU-stack,\"\",@progbits\n")
file(WRITE ${OUTPUT} "${text}${table}")
