-- Run by test_neovim.py inside of a headless Neovim: attaches to the server as the docs say, edits, and
-- writes what it has seen as JSON. Arguments: the server's command (JSON), the folder, the file for the result.
local command = vim.fn.json_decode(vim.env.CC_COMMAND)
local folder, result = vim.env.CC_FOLDER, vim.env.CC_RESULT

local function fail(message)
  vim.fn.writefile({ vim.fn.json_encode({ error = message }) }, result)
  vim.cmd("qall!")
end

local function wait(what, condition)
  if not vim.wait(50000, condition, 20) then
    fail("waited in vain for " .. what)
  end
end

local function run()
  vim.cmd("edit " .. folder .. "/flow.py")
  vim.bo.filetype = "python"
  local buffer = vim.api.nvim_get_current_buf()
  local id
  if vim.lsp.config then -- from Neovim 0.11 on
    vim.lsp.config("color_checker", {
      cmd = command,
      filetypes = { "python" },
      root_markers = { "pyproject.toml", ".git" },
    })
    vim.lsp.enable("color_checker")
    vim.cmd("doautocmd FileType python")
  elseif vim.lsp.start then -- from Neovim 0.8 on
    vim.lsp.start({ name = "color_checker", cmd = command, root_dir = folder })
  else
    id = vim.lsp.start_client({ name = "color_checker", cmd = command, root_dir = folder })
    vim.lsp.buf_attach_client(buffer, id)
  end
  local get_clients = vim.lsp.get_clients or vim.lsp.get_active_clients
  wait("the server", function()
    return #get_clients() == 1 and (get_clients()[1].initialized ~= false)
  end)
  wait("a diagnostic", function()
    return #vim.diagnostic.get(buffer) > 0
  end)
  local first = vim.diagnostic.get(buffer)
  local encoding = get_clients()[1].offset_encoding or "utf-16"
  -- A code action, applied as `vim.lsp.buf.code_action` does.
  vim.api.nvim_win_set_cursor(0, { first[1].lnum + 1, first[1].col })
  local params = vim.lsp.util.make_range_params(0, encoding)
  params.context = { diagnostics = {} }
  local answers = vim.lsp.buf_request_sync(buffer, "textDocument/codeAction", params, 50000)
  local titles, chosen = {}, nil
  for _, answer in pairs(answers or {}) do
    for _, action in ipairs(answer.result or {}) do
      table.insert(titles, action.title)
      if action.isPreferred and not chosen then
        chosen = action
      end
    end
  end
  if not chosen then
    return fail("no preferred action among " .. table.concat(titles, ", "))
  end
  vim.lsp.util.apply_workspace_edit(chosen.edit, encoding)
  wait("the end of the diagnostic", function()
    return #vim.diagnostic.get(buffer) == 0
  end)
  local tokens
  if vim.lsp.semantic_tokens then
    local row = vim.fn.search("async def run", "nw") - 1
    wait("semantic tokens", function()
      tokens = vim.lsp.semantic_tokens.get_at_pos(buffer, row, 15)
      return tokens and #tokens > 0
    end)
  end
  local version = vim.version()
  vim.fn.writefile({ vim.fn.json_encode({
    version = version.major .. "." .. version.minor,
    diagnostics = vim.tbl_map(function(one)
      return { line = one.lnum + 1, column = one.col, message = one.message, source = one.source }
    end, first),
    titles = titles,
    text = vim.api.nvim_buf_get_lines(buffer, 0, -1, false),
    token = tokens and tokens[1].type or vim.NIL,
  }) }, result)
  vim.cmd("qall!")
end

local ok, message = pcall(run)
if not ok then
  fail(tostring(message))
end
