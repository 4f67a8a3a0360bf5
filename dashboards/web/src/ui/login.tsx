// The form shown when the daemon wants a password.
import { useState } from "preact/hooks";
import { ApiError } from "../api/http";
import { useWords } from "../i18n";
import { login } from "../state/session";

export function Login() {
  const { t, say } = useWords();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const password = String(new FormData(form).get("password") ?? "");
    setBusy(true);
    try {
      await login(password);
    } catch (failure) {
      setError(failure instanceof ApiError ? failure : new ApiError(0, {}));
      setBusy(false);
    }
  };
  const message = error === null ? null
    : error.status === 401 ? t.loginWrong
    : error.status === 429 ? t.loginTooMany
    : error.problem.hint ? say(error.problem.hint) : t.requestFailed;
  return (
    <main class="login">
      <form class="card login-card" onSubmit={(event) => void submit(event)}>
        <h2>{t.loginTitle}</h2>
        <p class="muted">{t.loginHint}</p>
        {/* Lets a password manager file the password under a name. */}
        <input type="text" name="username" autocomplete="username" value="hallwatch" hidden readonly />
        <label class="field">
          <span>{t.password}</span>
          <input type="password" name="password" autocomplete="current-password" required autofocus />
        </label>
        {message ? <p class="form-error" role="alert">{message}</p> : null}
        <button type="submit" class="button button-main" disabled={busy}>{t.login}</button>
      </form>
    </main>
  );
}
