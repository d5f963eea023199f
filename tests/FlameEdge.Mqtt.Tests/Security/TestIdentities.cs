using FlameEdge.Mqtt.Identity;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Mqtt.Tests.Security;

/// <summary>An authority with a broker's certificate and whatever else a test asks for, in a folder that goes with it.</summary>
internal sealed class TestIdentities : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public TestIdentities()
    {
        PrivateAuthority.Create(folder["identity"], Past);
        Authority = PrivateAuthority.Open(folder["identity"], TimeProvider.System);
        Authority.Issue(new IdentityRequest("broker") { IsServer = true, Hosts = ["localhost"] });
    }

    /// <summary>Half a year ago, when the authority was made: what is issued then for a month has expired.</summary>
    public static TimeProvider Past => new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddDays(-180));

    public PrivateAuthority Authority { get; }

    public string CaFile => folder["identity/ca.pem"];

    public TlsFiles Broker => FilesOf("broker");

    public string this[string file] => folder[file];

    public TlsFiles FilesOf(string name) => new(CaFile, folder[$"identity/issued/{name}.pem"], folder[$"identity/issued/{name}.key"]);

    public TlsFiles Issue(string name)
    {
        Authority.Issue(new IdentityRequest(name));
        return FilesOf(name);
    }

    /// <summary>Issues a certificate and returns the name, for use in the middle of a sentence.</summary>
    public string Issued(string name)
    {
        Issue(name);
        return name;
    }

    public MqttOptions OptionsOf(string? name, int port, string host = "localhost")
    {
        var files = name is null ? null : FilesOf(name);
        return new MqttOptions
        {
            Broker = new Uri($"mqtts://{host}:{port}"),
            CaFile = CaFile,
            CertificateFile = files?.Certificate,
            KeyFile = files?.Key,
            StartTimeout = TimeSpan.FromSeconds(2),
            ConnectTimeout = TimeSpan.FromSeconds(2),
            ReconnectAfter = TimeSpan.FromMilliseconds(50),
        };
    }

    public void Dispose() => folder.Dispose();
}
