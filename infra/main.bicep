// The function app and everything it needs in Azure, in one resource group. docs/deploy.md says how to deploy it.
// Nothing here has a shared key: the app's managed identity signs in to storage, vault and telemetry.

targetScope = 'resourceGroup'

@description('The name of the function app, unique in all of Azure. The other names are derived from it.')
@minLength(3)
@maxLength(32)
param name string

@description('A region that has Flex Consumption: az functionapp list-flexconsumption-locations.')
param location string = resourceGroup().location

@description('The Python version of the function app.')
@allowed(['3.10', '3.11', '3.12', '3.13', '3.14'])
param pythonVersion string = '3.13'

@description('The value of SECRETS_KEY: Fernet keys, comma-separated, newest first. Empty keeps what is in the vault.')
@secure()
param secretsKey string = ''

// The app's own settings. docs/settings.md describes them.

@description('PUBLIC_URL: the beginning of webhook URLs. Empty: the address of the function app.')
param publicUrl string = ''

@description('AZURE_DEVOPS_URL: the address of Azure DevOps.')
param azureDevOpsUrl string = 'https://dev.azure.com'

@description('SEND_TIME_BUDGET_SECONDS: how long one send may take.')
@minValue(5)
@maxValue(225)
param sendTimeBudgetSeconds int = 200

@description('RECONCILE_SCHEDULE: when the timer runs; six fields, seconds first, UTC. Empty: it does not run.')
param reconcileSchedule string = '0 */5 * * * *'

// Scale. docs/deploy.md says which figures these values come from.

@description('The memory of an instance. 2048 has one core, 4096 has two.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('The largest number of instances.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('How many HTTP requests an instance handles at the same time before Azure starts another one.')
@minValue(1)
@maxValue(128)
param requestsPerInstance int = 16

@description('PYTHON_THREADPOOL_THREAD_COUNT: the threads of an instance. Must be above requestsPerInstance.')
@minValue(2)
@maxValue(1000)
param threadsPerInstance int = 128

@description('Instances that always run, for calls without a cold start. They cost money all the time.')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int = 0

@description('How many copies the storage account keeps. ZRS is not offered in every region; then choose LRS or GRS.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

// Network.

@description('Disabled: storage and vault have no public address, and the app reaches them through a virtual network.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string = 'Enabled'

@description('Addresses (CIDR) that may call the app, besides Azure DevOps. Empty: everybody may; a call still needs a key.')
param allowedAddresses array = []

// Alerts.

@description('Who gets the alerts by e-mail. Empty: the alerts only show in the Azure portal.')
param alertEmails array = []

@description('How long logs are kept, in days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Tags for every resource.')
param tags object = {}

var suffix = uniqueString(resourceGroup().id, name)
var deploymentContainer = 'deployments'
var secretName = 'secrets-key'
var isPrivate = publicNetworkAccess == 'Disabled'

// Built-in roles of Azure.
var roleIds = {
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  'Storage Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6'
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb'
}

// The identity is a resource of its own, so that its roles exist before the app starts for the first time.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-identity'
  location: location
  tags: tags
}

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  // checkov:skip=CKV_AZURE_35: publicNetworkAccess decides; without a network of its own, the app has no fixed address.
  // checkov:skip=CKV_AZURE_43: The name is "st" and thirteen characters of uniqueString, which Checkov cannot compute.
  // checkov:skip=CKV_AZURE_59: publicNetworkAccess decides; reading anything takes a role in any case.
  // checkov:skip=CKV_AZURE_206: storageSku decides, and its default keeps three copies in three zones.
  name: 'st${suffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: storageSku
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: publicNetworkAccess
    supportsHttpsTrafficOnly: true
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: storage
  name: 'default'
}

resource deployments 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: deploymentContainer
  properties: {
    publicAccess: 'None'
  }
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  // checkov:skip=CKV_AZURE_109: publicNetworkAccess decides; without a network of its own, the app has no fixed address.
  // checkov:skip=CKV_AZURE_189: publicNetworkAccess decides; reading a secret takes a role in any case.
  name: 'kv-${suffix}'
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    accessPolicies: []
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: publicNetworkAccess
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

// Azure Resource Manager writes the secret, so the person who deploys needs no role in the vault.
resource secretsKeyInVault 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(secretsKey)) {
  // checkov:skip=CKV_AZURE_41: The stored tokens can only be read with this key, so it must not expire.
  // checkov:skip=CKV_AZURE_114: It is set; Checkov does not look into a resource with a condition.
  parent: vault
  name: secretName
  properties: {
    value: secretsKey
    contentType: 'Fernet keys, comma-separated, newest first'
  }
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: '${name}-logs'
  location: location
  tags: tags
  properties: {
    retentionInDays: logRetentionDays
    sku: {
      name: 'PerGB2018'
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: '${name}-insights'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    WorkspaceResourceId: workspace.id
  }
}

resource blobRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, identity.id, roleIds['Storage Blob Data Owner'])
  scope: storage
  properties: {
    description: 'The Functions host keeps its keys and leases in blobs, and reads the deployed package.'
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Storage Blob Data Owner'])
  }
}

resource tableRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, identity.id, roleIds['Storage Table Data Contributor'])
  scope: storage
  properties: {
    description: 'The app keeps integrations, links and log in tables.'
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Storage Table Data Contributor'])
  }
}

resource secretRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, roleIds['Key Vault Secrets User'])
  scope: vault
  properties: {
    description: 'The setting SECRETS_KEY is a reference to a secret.'
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Key Vault Secrets User'])
  }
}

resource telemetryRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identity.id, roleIds['Monitoring Metrics Publisher'])
  scope: insights
  properties: {
    description: 'The Functions host sends telemetry; the connection string alone does not allow it.'
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds['Monitoring Metrics Publisher'])
  }
}

module network 'network.bicep' = if (isPrivate) {
  name: 'network'
  params: {
    name: name
    location: location
    tags: tags
    storageId: storage.id
    vaultId: vault.id
  }
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  // checkov:skip=CKV_AZURE_225: Flex Consumption starts instances itself.
  name: '${name}-plan'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
  }
}

var addressRules = [for (address, index) in allowedAddresses: {
  name: 'allowed-${index}'
  action: 'Allow'
  ipAddress: address
  priority: 200 + index
}]

var azureDevOpsRule = {
  name: 'azure-devops'
  action: 'Allow'
  ipAddress: 'AzureDevOps'
  tag: 'ServiceTag'
  priority: 100
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  // checkov:skip=CKV_AZURE_17: Azure DevOps and Aha! have no client certificates.
  // checkov:skip=CKV_AZURE_78: Flex Consumption has no FTP, and refuses the setting.
  // checkov:skip=CKV_AZURE_212: Flex Consumption starts instances itself.
  // checkov:skip=CKV_AZURE_213: Flex Consumption has no health check; it replaces instances itself.
  // checkov:skip=CKV_AZURE_222: Azure DevOps and Aha! call the app over the Internet.
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: isPrivate ? network.outputs.appSubnetId : null
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      ipSecurityRestrictionsDefaultAction: empty(allowedAddresses) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: empty(allowedAddresses) ? [] : concat([azureDevOpsRule], addressRules)
      appSettings: [
        {
          name: 'AzureWebJobsStorage__accountName'
          value: storage.name
        }
        {
          name: 'AzureWebJobsStorage__credential'
          value: 'managedidentity'
        }
        {
          name: 'AzureWebJobsStorage__clientId'
          value: identity.properties.clientId
        }
        {
          name: 'APPLICATIONINSIGHTS_CONNECTION_STRING'
          value: insights.properties.ConnectionString
        }
        {
          name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
          value: 'ClientId=${identity.properties.clientId};Authorization=AAD'
        }
        {
          name: 'AZURE_CLIENT_ID'
          value: identity.properties.clientId
        }
        {
          // The app takes 10 MiB and says so. What is far larger must not get into the worker's memory at all.
          name: 'FUNCTIONS_REQUEST_BODY_SIZE_LIMIT'
          value: '33554432'
        }
        {
          name: 'PYTHON_THREADPOOL_THREAD_COUNT'
          value: string(threadsPerInstance)
        }
        {
          name: 'TABLES_ENDPOINT'
          value: storage.properties.primaryEndpoints.table
        }
        {
          name: 'SECRETS_KEY'
          value: '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/${secretName}/)'
        }
        {
          name: 'PUBLIC_URL'
          value: publicUrl
        }
        {
          name: 'AZURE_DEVOPS_URL'
          value: azureDevOpsUrl
        }
        {
          name: 'SEND_TIME_BUDGET_SECONDS'
          value: string(sendTimeBudgetSeconds)
        }
        {
          name: 'RECONCILE_SCHEDULE'
          value: reconcileSchedule
        }
      ]
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyInstances == 0 ? [] : [
          {
            name: 'http'
            instanceCount: alwaysReadyInstances
          }
        ]
        triggers: {
          http: {
            perInstanceConcurrency: requestsPerInstance
          }
        }
      }
    }
  }
  dependsOn: [
    blobRole
    deployments
    secretRole
    secretsKeyInVault
    tableRole
    telemetryRole
  ]
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  params: {
    name: name
    location: location
    tags: tags
    workspaceId: workspace.id
    emails: alertEmails
    timerRuns: !empty(reconcileSchedule)
  }
}

module workbook 'workbook.bicep' = {
  name: 'workbook'
  params: {
    name: name
    location: location
    tags: tags
    workspaceId: workspace.id
  }
}

@description('The address of the function app. The configuration page is at /api/console.')
output url string = 'https://${app.properties.defaultHostName}'

@description('The name of the vault, for the rotation of the key.')
output vaultName string = vault.name

@description('The name under which Azure DevOps lists the managed identity.')
output identityName string = identity.name

@description('The object id of the managed identity, to tell identities of the same name apart.')
output identityObjectId string = identity.properties.principalId
