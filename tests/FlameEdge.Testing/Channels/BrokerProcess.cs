using System.Diagnostics;

namespace FlameEdge.Testing.Channels;

/// <summary>A broker's program with a folder of its own; killed and removed when disposed.</summary>
public abstract class BrokerProcess(string folder, int port) : IAsyncDisposable
{
    private Process? process;

    /// <summary>The port it listens on for MQTT; the same after a restart.</summary>
    public int Port => port;

    /// <summary>The port of its listener for clients that show certificates, where it was given files for one.</summary>
    public virtual int TlsPort => port;

    /// <summary>The running process's id.</summary>
    protected int Id => process?.Id ?? throw new InvalidOperationException("it does not run");

    /// <summary>Its folder.</summary>
    protected string Folder => folder;

    /// <summary>How long a start may take.</summary>
    protected virtual TimeSpan StartTimeout => TimeSpan.FromSeconds(10);

    /// <summary>Starts it again on the same port, with what it had saved or without.</summary>
    public async Task StartAgainAsync(bool keepsData = true)
    {
        if (!keepsData)
        {
            Forget();
        }

        var start = Command();
        start.WorkingDirectory = folder;
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start");
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await ListensAsync(port);
    }

    /// <summary>Waits until it listens on one of its ports.</summary>
    /// <exception cref="InvalidOperationException">It has ended instead.</exception>
    protected Task ListensAsync(int port) => FreePort.UntilOpenAsync(port, StartTimeout, () => process?.HasExited != false);

    /// <summary>Ends it as a power cut would.</summary>
    public virtual async Task KillAsync()
    {
        if (process is { } running)
        {
            running.Kill(entireProcessTree: true);
            await running.WaitForExitAsync();
            running.Dispose();
            process = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>The first of these files that exists; the test is skipped, or with CI=true fails, where none does.</summary>
    protected static string Require(string absent, params string[] candidates)
    {
        if (candidates.FirstOrDefault(File.Exists) is { } found)
        {
            return found;
        }

        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Xunit.Assert.Fail(absent);
        }

        Xunit.Assert.Skip(absent);
        throw new InvalidOperationException(absent); // Skip has thrown.
    }

    /// <summary>What starts it.</summary>
    protected abstract ProcessStartInfo Command();

    /// <summary>Removes what it has saved.</summary>
    protected abstract void Forget();
}
