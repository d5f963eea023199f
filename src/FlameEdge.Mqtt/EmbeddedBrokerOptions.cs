using System.Net;
using FlameEdge.Mqtt.Access;

namespace FlameEdge.Mqtt;

/// <summary>Where the embedded broker listens and what it bears.</summary>
public sealed class EmbeddedBrokerOptions
{
    /// <summary>The address it listens on; loopback unless said otherwise, because without the files below it asks nobody who he is.</summary>
    public IPAddress Address { get; set; } = IPAddress.Loopback;

    /// <summary>The port; 0 takes a free one, which <see cref="EmbeddedBroker.Port"/> tells.</summary>
    public int Port { get; set; }

    /// <summary>A PEM file with the authorities clients' certificates must come from. With it and the next two the broker speaks TLS only and asks every
    /// client for a certificate, whose common name is then its user; with <see cref="PasswordFile"/> too, a client that has none may give user and password instead.</summary>
    public string? CaFile { get; set; }

    /// <summary>A PEM file with the broker's certificate.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>A PEM file with its key.</summary>
    public string? KeyFile { get; set; }

    /// <summary>Users and hashes of their passwords, as <see cref="Identity.PasswordBook"/> keeps them; null to take no passwords. Without TLS a password is readable on the wire.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>Who may write and read what, judged at every publish, subscription and delivery; null to allow everything. It needs certificates or passwords: without them nobody is anybody.</summary>
    public AccessList? Access { get; set; }

    /// <summary>Packets waiting for one client before the oldest is dropped. Every sender keeps to its receivers' windows, so this is never reached by
    /// well-behaved clients; the default of the library, 1000, drops a broadcast's chunks for a client that pauses.</summary>
    public int QueueLimit { get; set; } = 100_000;

    /// <summary>The largest payload taken, in bytes; a client that sends more is disconnected.</summary>
    public int MaximumPacketBytes { get; set; } = 1024 * 1024;

    internal bool IsTls => (CaFile ?? CertificateFile ?? KeyFile) is not null;

    /// <summary>How long a stop may take before it is given up.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
