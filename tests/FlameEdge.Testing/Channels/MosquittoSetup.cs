namespace FlameEdge.Testing.Channels;

/// <summary>How a test's mosquitto listens, whom it lets in and what it keeps.</summary>
public sealed record MosquittoSetup
{
    /// <summary>Saves sessions and retained messages every second.</summary>
    public bool IsPersistent { get; init; }

    /// <summary>The PEM files of a TLS listener; null for plain text.</summary>
    public TlsFiles? Tls { get; init; }

    /// <summary>Asks every client for a certificate, whose common name is then its user.</summary>
    public bool AsksForCertificates { get; init; }

    /// <summary>An access list; null to allow everything.</summary>
    public string? AclFile { get; init; }

    /// <summary>Passwords as mosquitto_passwd writes them; without them and without certificates anybody is let in.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The dynamic security plugin and the file it keeps its clients and roles in; null to do without.</summary>
    public (string Plugin, string File)? DynamicSecurity { get; init; }

    /// <summary>Further lines.</summary>
    public IReadOnlyList<string> More { get; init; } = [];

    /// <summary>The lines of its configuration file.</summary>
    public IEnumerable<string> Lines(string home, int port)
    {
        yield return $"listener {port} 127.0.0.1";
        if (Tls is { } tls)
        {
            yield return $"cafile {tls.Authority}";
            yield return $"certfile {tls.Certificate}";
            yield return $"keyfile {tls.Key}";
        }

        if (AsksForCertificates)
        {
            yield return "require_certificate true";
            yield return "use_identity_as_username true";
        }

        yield return $"allow_anonymous {(PasswordFile is null && !AsksForCertificates && DynamicSecurity is null ? "true" : "false")}";
        yield return "max_queued_messages 0";
        yield return $"persistence {(IsPersistent ? "true" : "false")}";
        yield return $"persistence_location {home}/";
        yield return "autosave_interval 1";
        if (AclFile is not null)
        {
            yield return $"acl_file {AclFile}";
        }

        if (PasswordFile is not null)
        {
            yield return $"password_file {PasswordFile}";
        }

        if (DynamicSecurity is { } dynamic)
        {
            yield return $"plugin {dynamic.Plugin}";
            yield return $"plugin_opt_config_file {dynamic.File}";
        }

        foreach (var line in More)
        {
            yield return line;
        }
    }
}

/// <summary>PEM files of one side of TLS.</summary>
/// <param name="Authority">Whom it trusts.</param>
/// <param name="Certificate">Its own certificate.</param>
/// <param name="Key">The certificate's key.</param>
public sealed record TlsFiles(string Authority, string Certificate, string Key);
