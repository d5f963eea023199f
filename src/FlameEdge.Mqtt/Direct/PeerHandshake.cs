using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using FlameEdge.Channels.Presence;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Direct;

/// <summary>How two agents come to know each other: mutual TLS, then each says its name and the run of its process with the life sign it also posts at the broker.</summary>
internal sealed class PeerHandshake(AgentId self, string session, TopicScheme topics, PeerTrust trust, DirectOptions options, TimeProvider time)
{
    private readonly string aliveTopic = topics.Alive(self);

    /// <summary>What a side says first, and now and then.</summary>
    public byte[] Greeting { get; } = JsonSerializer.SerializeToUtf8Bytes(new AliveNote(session, 1, AliveNote.Online), PresenceJson.Default.AliveNote);

    /// <summary>The topic of <see cref="Greeting"/>.</summary>
    public string GreetingTopic => aliveTopic;

    /// <summary>Connects to an agent where its presence says.</summary>
    public async Task<PeerConnection> DialAsync(AgentId agent, HereNote note, CancellationToken cancellationToken)
    {
        var address = note.Peer ?? throw new ChannelException("it takes no direct connections");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using (var bound = Bound(options.ConnectTimeout, cancellationToken))
            {
                await socket.ConnectAsync(address.Host, address.Port, bound.Token);
            }

            string? fault = null;
            using var patience = Bound(options.HandshakeTimeout, cancellationToken);
            var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false);
            try
            {
                await stream.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = agent.Value,
                        ClientCertificateContext = trust.Certificate(),
                        CertificateChainPolicy = PeerTrust.Offline(),
                        AllowTlsResume = false,
                        EnabledSslProtocols = SslProtocols.None, // The system knows what is still safe.
                        RemoteCertificateValidationCallback = (_, shown, _, _) => (fault = trust.Fault(shown as X509Certificate2, agent, address.Fingerprint)) is null,
                    },
                    patience.Token);
            }
            catch (AuthenticationException exception) when (fault is not null)
            {
                throw new ChannelException(fault, exception);
            }

            var connection = new PeerConnection(socket, stream, agent, note.Session, isDialed: true, time);
            await connection.WriteAsync(aliveTopic, Greeting, patience.Token);
            var greeted = await GreetingAsync(connection, patience.Token);
            return greeted == (agent, note.Session) ? connection : throw new ChannelException($"{greeted.Agent}, or another run of it, answers there");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Welcomes who has connected, or throws.</summary>
    /// <param name="socket">The connection; disposed where it fails.</param>
    /// <param name="judge">Why an agent of that name, run and certificate is not believed; null where it is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<PeerConnection> AcceptAsync(Socket socket, Func<AgentId, string, X509Certificate2, CancellationToken, Task<string?>> judge, CancellationToken cancellationToken)
    {
        try
        {
            socket.NoDelay = true;
            using var patience = Bound(options.HandshakeTimeout, cancellationToken);
            var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false);
            await stream.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = trust.Certificate(),
                    ClientCertificateRequired = true,
                    CertificateChainPolicy = PeerTrust.Offline(),
                    AllowTlsResume = false,
                    AllowRenegotiation = false,
                    EnabledSslProtocols = SslProtocols.None, // The system knows what is still safe.
                    RemoteCertificateValidationCallback = (_, shown, _, _) => trust.MayBeOfFleet(shown as X509Certificate2),
                },
                patience.Token);
            var stranger = new PeerConnection(socket, stream, self, string.Empty, isDialed: false, time);
            var (agent, run) = await GreetingAsync(stranger, patience.Token);
            var shown = (X509Certificate2)stream.RemoteCertificate!; // Without one the validation has failed.
            if (await judge(agent, run, shown, patience.Token) is { } fault)
            {
                throw new ChannelException(fault);
            }

            var connection = new PeerConnection(socket, stream, agent, run, isDialed: false, time);
            await connection.WriteAsync(aliveTopic, Greeting, patience.Token);
            return connection;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<(AgentId Agent, string Session)> GreetingAsync(PeerConnection connection, CancellationToken cancellationToken)
    {
        (AgentId, string)? greeted = null;
        var hasCome = await connection.ReadAsync(
            PeerFrame.LongestGreeting,
            (topic, packet) => greeted = topics.Read(topic) is AliveTopic alive && PresenceJson.ReadAlive(packet.Span) is { } note ? (alive.Agent, note.Session) : null,
            cancellationToken);
        return greeted ?? throw new ChannelException(hasCome ? "it does not greet as an agent of this fleet does" : "it hung up: it does not believe this agent, or not yet");
    }

    private static CancellationTokenSource Bound(TimeSpan atMost, CancellationToken cancellationToken)
    {
        var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(atMost);
        return bound;
    }
}
