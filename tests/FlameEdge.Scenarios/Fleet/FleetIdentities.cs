using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>An authority and everybody's certificates, made with the commands a user has.</summary>
internal sealed class FleetIdentities : IDisposable
{
    private readonly TemporaryFolder folder = new();

    /// <summary>An authority with a certificate for the broker and for each of these names.</summary>
    public static async Task<FleetIdentities> MakeAsync(params IEnumerable<string> names)
    {
        var identities = new FleetIdentities();
        await identities.CallAsync("init");
        await identities.CallAsync("issue", "broker", "--server", "--san", "localhost");
        foreach (var name in names)
        {
            await identities.CallAsync("issue", name);
        }

        return identities;
    }

    public TlsFiles FilesOf(string name) => new(folder["identity", "ca.pem"], folder["identity", "issued", $"{name}.pem"], folder["identity", "issued", $"{name}.key"]);

    /// <summary>What makes an agent show its certificate.</summary>
    public string[] AgentArguments(string name) =>
        ["--set", $"broker.caFile={FilesOf(name).Authority}", "--set", $"broker.certificateFile={FilesOf(name).Certificate}", "--set", $"broker.keyFile={FilesOf(name).Key}"];

    /// <summary>What makes the tool show one.</summary>
    public string[] ToolArguments(string name) =>
        ["--ca-file", FilesOf(name).Authority, "--cert-file", FilesOf(name).Certificate, "--key-file", FilesOf(name).Key];

    public void Dispose() => folder.Dispose();

    private async Task CallAsync(params string[] arguments)
    {
        var (code, _, error) = await Command.CallAsync(["identity", .. arguments, "--folder", folder["identity"]]);
        Assert.True(code == ExitCode.Ok, $"identity {string.Join(' ', arguments)} ended with {code}: {error}");
    }
}
