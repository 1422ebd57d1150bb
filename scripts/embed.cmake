# Writes an assembler file that embeds every SPIR-V file and a table of (name, begin, end).
# Use: cmake -DOUTPUT=embedded.S "-DFILES=a.spv;b.spv" -P embed.cmake
set(text "    .section .rodata\n")
set(table "    .section .data.rel.ro,\"aw\"\n    .balign 8\n    .globl rt_embedded_shaders\nrt_embedded_shaders:\n")
set(count 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  string(APPEND text "    .balign 16\nspirv_${name}:\n    .incbin \"${file}\"\nspirv_${name}_end:\nname_${name}:\n    .asciz \"${name}\"\n")
  string(APPEND table "    .quad name_${name}, spirv_${name}, spirv_${name}_end\n")
  math(EXPR count "${count} + 1")
endforeach()
string(APPEND table "    .section .rodata\n    .balign 4\n    .globl rt_embedded_shader_count\nrt_embedded_shader_count:\n    .long ${count}\n    .section .note.GNU-stack,\"\",@progbits\n")
file(WRITE ${OUTPUT} "${text}${table}")
